import { BeagleError } from '../errors.ts'

/** A JSON object with checked access, so that a wrong field is an error with its path and not a NaN later. */
export class Fields {
  constructor(
    private readonly values: Record<string, unknown>,
    private readonly path: string,
  ) {}

  static of(value: unknown, path: string): Fields {
    if (typeof value !== 'object' || value === null || Array.isArray(value)) {
      throw new BeagleError('bad-file', `${path} is no JSON object.`)
    }
    return new Fields(value as Record<string, unknown>, path)
  }

  /** Absent and null are the same. */
  raw(name: string): unknown {
    return Object.hasOwn(this.values, name) ? (this.values[name] ?? undefined) : undefined
  }

  child(name: string): Fields | undefined {
    const value = this.raw(name)
    return value === undefined ? undefined : Fields.of(value, `${this.path}: ${name}`)
  }

  /** The same object, with `defaults` where it says nothing. */
  over(defaults: Readonly<Record<string, unknown>>): Fields {
    const given = Object.entries(this.values).filter(([, value]) => value !== undefined && value !== null)
    return new Fields({ ...defaults, ...Object.fromEntries(given) }, this.path)
  }

  /** The same object, silent about `name`. */
  without(name: string): Fields {
    return new Fields({ ...this.values, [name]: undefined }, this.path)
  }

  fail(name: string, expected: string): never {
    throw new BeagleError(
      'bad-file',
      `${this.path}: ${name} is ${JSON.stringify(this.raw(name))}; expected ${expected}.`,
    )
  }

  /** A whole number above 0. */
  count(name: string): number | undefined {
    const value = this.raw(name)
    if (value === undefined) return undefined
    return Number.isSafeInteger(value) && (value as number) > 0
      ? (value as number)
      : this.fail(name, 'a whole number above 0')
  }

  number(name: string): number | undefined {
    const value = this.raw(name)
    if (value === undefined) return undefined
    return typeof value === 'number' && Number.isFinite(value) ? value : this.fail(name, 'a number')
  }

  flag(name: string): boolean | undefined {
    const value = this.raw(name)
    if (value === undefined) return undefined
    return typeof value === 'boolean' ? value : this.fail(name, 'true or false')
  }

  text(name: string): string | undefined {
    const value = this.raw(name)
    if (value === undefined) return undefined
    return typeof value === 'string' ? value : this.fail(name, 'a text')
  }

  /** A token id. */
  id(name: string): number | undefined {
    const value = this.raw(name)
    if (value === undefined) return undefined
    return Number.isSafeInteger(value) && (value as number) >= 0 ? (value as number) : this.fail(name, 'a token id')
  }

  /** One whole number or a list of them. */
  integers(name: string): number[] | undefined {
    const value = this.raw(name)
    if (value === undefined) return undefined
    const list = Array.isArray(value) ? value : [value]
    return list.length > 0 && list.every(Number.isSafeInteger)
      ? list
      : this.fail(name, 'a whole number or a list of them')
  }

  /** One of the keys of `known`, as its value. Throws `unknown-architecture` with all that are known. */
  choice<T>(name: string, known: Readonly<Record<string, T>>, fallback: string): T {
    const value = this.text(name) ?? fallback
    if (Object.hasOwn(known, value)) return known[value]!
    throw new BeagleError(
      'unknown-architecture',
      `${this.path}: ${name} "${value}" is not supported; known are ${Object.keys(known).join(', ')}.`,
    )
  }
}
