import { BeagleError } from '../errors.ts'
import { detectLayout, type Layout, toCanonical, toFileName } from './renames.ts'
import type { TensorRef } from './safetensors.ts'

/** The tensors of an architecture by canonical name. */
export type Spec = Readonly<Record<string, { readonly shape: readonly number[]; readonly optional?: boolean }>>

/** Everything by which a checkpoint differs from its architecture, in one error. */
export class CheckpointMismatchError extends BeagleError {
  override readonly name = 'CheckpointMismatchError'
  constructor(
    origin: string,
    /** Names as the checkpoint's layout would write them. */
    readonly missing: readonly string[],
    readonly unexpected: readonly string[],
    readonly misshaped: readonly { name: string; expected: readonly number[]; found: readonly number[] }[],
  ) {
    const part = (title: string, lines: readonly string[]) =>
      lines.length === 0 ? '' : `\n${title} (${lines.length}):\n${lines.map((line) => `  ${line}`).join('\n')}`
    super(
      'checkpoint-mismatch',
      `The weights of ${origin} do not fit the architecture in its config.json.` +
        part('Missing', missing) +
        part('Unexpected', unexpected) +
        part(
          'Of another shape',
          misshaped.map(({ name, expected, found }) => `${name}: expected [${expected}], found [${found}]`),
        ) +
        '\nCheck that config.json and the weights belong together.',
    )
  }
}

export interface BindOptions {
  /** The namings to try; the one that fits most names is used. */
  layouts: readonly Layout[]
  /** Tensors that are in files but mean nothing, by their file name, e.g. `/position_ids$/`. */
  ignore?: readonly RegExp[]
}

/** Buffers that old releases of transformers saved beside the weights. */
export const ignoredBuffers: readonly RegExp[] = [/\.position_ids$/, /\.rotary_emb\.inv_freq$/, /\.masked_bias$/]

export interface Binding {
  /** By canonical name. */
  tensors: Map<string, TensorRef>
  layout: Layout
}

export const sameShape = (a: readonly number[], b: readonly number[]) =>
  a.length === b.length && a.every((size, i) => size === b[i])

/**
 * Finds each tensor of the spec in the checkpoint under its canonical name. Throws one CheckpointMismatchError that lists everything
 * missing, unexpected and of another shape.
 */
export function bind(
  checkpoint: { origin: string; tensors: ReadonlyMap<string, TensorRef> },
  spec: Spec,
  { layouts, ignore = ignoredBuffers }: BindOptions,
): Binding {
  const wanted = new Map(Object.entries(spec))
  const names = [...checkpoint.tensors.keys()].filter((name) => !ignore.some((pattern) => pattern.test(name)))
  const layout = detectLayout(names, wanted, layouts)
  const tensors = new Map<string, TensorRef>()
  const unexpected: string[] = []
  const misshaped: { name: string; expected: readonly number[]; found: readonly number[] }[] = []
  for (const name of names) {
    const canonical = toCanonical(layout, name)
    const expected = canonical === undefined ? undefined : wanted.get(canonical)
    if (canonical === undefined || expected === undefined) {
      unexpected.push(name)
      continue
    }
    const ref = checkpoint.tensors.get(name)!
    tensors.set(canonical, ref)
    if (!sameShape(ref.shape, expected.shape)) misshaped.push({ name, expected: expected.shape, found: ref.shape })
  }
  const missing = [...wanted]
    .filter(([canonical, { optional }]) => !optional && !tensors.has(canonical))
    .map(([canonical]) => toFileName(layout, canonical) ?? canonical)
  if (missing.length + unexpected.length + misshaped.length > 0) {
    throw new CheckpointMismatchError(checkpoint.origin, missing, unexpected, misshaped)
  }
  return { tensors, layout }
}
