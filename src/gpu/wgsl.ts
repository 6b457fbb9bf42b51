import { link } from 'wesl'
import { shaderSources } from '#shaders'
import { BeagleError } from '../errors.ts'

/** Storage of a weight matrix; each is an accessor module in `shaders/storage/`. */
export type Storage = 'f32' | 'f16' | 'q8' | 'q4'

/** Type of the activations that a kernel reads and writes: the alias `Act` of its WGSL. Sums are always kept in f32. */
export type Activation = 'f32' | 'f16'

/** One compute entry point with what varies: overrides, the activation type and the storage of its weight. */
export interface Kernel {
  /** File below `shaders/` without its ending; also the operation's name. */
  shader: string
  entry: string
  activation?: Activation
  storage?: Storage
  overrides?: Record<string, number>
}

export interface Binding {
  index: number
  /** `var<storage, read_write>`, which a caller must not bind twice. */
  writable: boolean
}

/** What an entry point expects, read off its WGSL. */
export interface Interface {
  bindings: Map<string, Binding>
  /** Members of `struct Params`, each four bytes, in order. */
  params: { name: string; type: 'u32' | 'i32' | 'f32' }[]
  paramsIndex: number
}

/** Links one kernel with its activation alias and weight accessor into plain WGSL. */
export async function linkKernel(kernel: Kernel): Promise<string> {
  const root = `${kernel.shader}.wgsl`
  if (!shaderSources[root]) throw new BeagleError('bad-argument', `There is no shader ${root}.`)
  const weslSrc: Record<string, string> = {}
  for (const [path, text] of Object.entries(shaderSources)) if (!path.includes('/')) weslSrc[`./${path}`] = text
  weslSrc['./act.wgsl'] = shaderSources[`activation/${kernel.activation === 'f16' ? 'f16' : 'f32'}.wgsl`]!
  weslSrc['./weight.wgsl'] = shaderSources[`storage/${kernel.storage ?? 'f32'}.wgsl`]!
  const linked = await link({ weslSrc, rootModuleName: kernel.shader, keepComments: false, sourceMap: false })
  return kernel.activation === 'f16' ? `enable f16;\n${linked.dest}` : linked.dest
}

/** Reads the bindings that `entry` uses, directly or through functions it calls, and the members of its parameters. */
export function reflect(wgsl: string, entry: string): Interface {
  const functions = new Map<string, string>()
  for (const match of wgsl.matchAll(/\bfn\s+(\w+)\s*\(/g)) functions.set(match[1]!, bodyAt(wgsl, match.index))
  const used = new Set<string>()
  const visit = (name: string) => {
    const text = functions.get(name)!
    const own = new Set(Array.from(text.matchAll(/(?:\b(?:let|var|const)\s+(\w+)|(\w+)\s*:)/g), (m) => m[1] ?? m[2]))
    for (const word of text.match(/(?<![.\w])[A-Za-z_]\w*/g) ?? []) {
      if (used.has(word) || own.has(word)) continue
      used.add(word)
      if (functions.has(word)) visit(word)
    }
  }
  if (!functions.has(entry)) {
    throw new BeagleError('bad-argument', `No entry point ${entry}; there are ${[...functions.keys()].join(', ')}.`)
  }
  visit(entry)
  const bindings = new Map<string, Binding>()
  let paramsIndex = -1
  for (const match of wgsl.matchAll(/@group\(0\)\s*@binding\((\d+)\)\s*var<(\w+)(?:\s*,\s*(\w+))?\s*>\s*(\w+)/g)) {
    const [, index, space, access, name] = match
    if (!used.has(name!)) continue
    if (space === 'uniform') paramsIndex = Number(index)
    else bindings.set(name!, { index: Number(index), writable: access === 'read_write' })
  }
  const struct = paramsIndex < 0 ? '' : (/struct\s+Params\s*\{([^}]*)\}/.exec(wgsl)?.[1] ?? '')
  const params = [...struct.matchAll(/(\w+)\s*:\s*(u32|i32|f32)/g)].map((m) => ({ name: m[1]!, type: m[2] as 'u32' }))
  return { bindings, params, paramsIndex }
}

/** The text of the function whose declaration starts at `start`, from its parameters to its closing brace. */
function bodyAt(text: string, start: number): string {
  let depth = 0
  for (let i = text.indexOf('{', start); i < text.length; i++) {
    if (text[i] === '{') depth++
    if (text[i] === '}' && --depth === 0) return text.slice(text.indexOf('(', start), i)
  }
  return text.slice(start)
}
