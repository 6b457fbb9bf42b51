/** JSON with its traps still visible: objects as maps that had no duplicate key, numbers as their text. */
export type StrictJson = string | boolean | null | StrictNumber | StrictJson[] | Map<string, StrictJson>

export class StrictNumber {
  constructor(readonly text: string) {}
}

/** What is wrong, and under which keys (`["layer.weight", "shape"]`). */
export class StrictJsonError extends Error {
  constructor(
    readonly reason: string,
    readonly path: readonly string[],
  ) {
    super(reason)
  }
}

const NUMBER = /-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?/y
const STRING = /"(?:[^"\\]|\\.)*"/sy
const SPACE = /[ \t\n\r]*/y
const MAX_DEPTH = 16
const WORD = /true|false|null/y

/**
 * Reads the whole text as JSON, refusing what `JSON.parse` swallows: duplicate keys (which it merges), `__proto__` as a key, and numbers
 * that lose digits (kept as text for the caller to judge).
 */
export function parseStrictJson(text: string): StrictJson {
  let at = 0
  let depth = 0
  const path: string[] = []

  function fail(reason: string): never {
    throw new StrictJsonError(reason, [...path])
  }

  function match(pattern: RegExp): string | undefined {
    pattern.lastIndex = at
    const found = pattern.exec(text)?.[0]
    if (found !== undefined) at += found.length
    return found
  }

  function take(character: string): boolean {
    match(SPACE)
    if (text[at] !== character) return false
    at++
    return true
  }

  function expectCharacter(character: string): void {
    if (!take(character)) fail(`"${character}" is missing at character ${at} of the header`)
  }

  function string(): string {
    match(SPACE)
    const raw = match(STRING) ?? fail(`a text in quotes is missing at character ${at} of the header`)
    try {
      return JSON.parse(raw)
    } catch {
      return fail(`the text ${raw.slice(0, 60)} has an invalid escape or control character`)
    }
  }

  function object(): Map<string, StrictJson> {
    const entries = new Map<string, StrictJson>()
    if (take('}')) return entries
    do {
      const key = string()
      if (key === '__proto__') fail('the key "__proto__" is not allowed')
      if (entries.has(key)) fail(`the key "${key}" appears twice`)
      expectCharacter(':')
      path.push(key)
      entries.set(key, value())
      path.pop()
    } while (take(','))
    expectCharacter('}')
    return entries
  }

  function array(): StrictJson[] {
    const items: StrictJson[] = []
    if (take(']')) return items
    do items.push(value())
    while (take(','))
    expectCharacter(']')
    return items
  }

  function nested<T>(read: () => T): T {
    if (++depth > MAX_DEPTH) fail(`it is nested more than ${MAX_DEPTH} levels deep`)
    const result = read()
    depth--
    return result
  }

  function value(): StrictJson {
    if (take('{')) return nested(object)
    if (take('[')) return nested(array)
    if (text[at] === '"') return string()
    const number = match(NUMBER)
    if (number !== undefined) return new StrictNumber(number)
    const word = match(WORD) ?? fail(`a value is missing at character ${at} of the header`)
    return word === 'null' ? null : word === 'true'
  }

  const result = value()
  match(SPACE)
  if (at < text.length) fail(`there is more after the end, at character ${at} of the header`)
  return result
}
