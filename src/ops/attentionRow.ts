import type { Path } from '../gpu/device.ts'
import type { Pass } from '../tensor/pass.ts'
import { rowsOf, type Tensor } from '../tensor/tensor.ts'
import { checkAttention } from './attention.ts'
import { activationOf, require } from './require.ts'

export interface AttentionRowOptions {
  heads: number
  kvHeads: number
  /** At most 256. */
  headWidth: number
  /** In place of the device's choice; tests compare both. Widths that the shuffled kernel does not take are computed plainly. */
  path?: Path
}

/**
 * Attention of the one row of a decode step: `q` [1, heads · headWidth] over rows 0 to `cursor[position]` of the caches `keys` and
 * `values` [C, kvHeads · headWidth]; the result is of q's shape. The number of keys is read on the GPU, so a recorded step serves all.
 */
export function attentionRow(
  pass: Pass,
  { q, keys, values, cursor }: { q: Tensor; keys: Tensor; values: Tensor; cursor: Tensor },
  options: AttentionRowOptions,
): Tensor {
  const { heads, kvHeads, headWidth } = options
  checkAttention('attentionRow', { q, k: keys, v: values }, { heads, kvHeads, headWidth, causal: true })
  require(rowsOf(q) === 1, () => `attentionRow: q must be one row, found [${q.shape}]`)
  const aligned = headWidth % 4 === 0
  const shuffled = (options.path ?? pass.gpu.paths.attention) === 'shuffled' && aligned && headWidth <= 128
  const sharing = heads / kvHeads
  const group = pass.gpu.abilities.cpu ? Math.min(4, sharing) : 1
  const y = pass.scratch(q.shape, q.type)
  const kernel = {
    shader: shuffled ? 'attentionRowShuffled' : 'attentionRow',
    entry: 'forward',
    activation: activationOf('attentionRow', q, keys, values),
    overrides: { GROUP: group, ...(shuffled ? { SLOTS: Math.ceil(headWidth / 32) } : { ALIGNED: Number(aligned) }) },
  }
  const shape = { heads, kvHeads, width: headWidth, capacity: rowsOf(keys) }
  const params = shuffled ? { ...shape, span: Math.min(8, headWidth / 4) } : shape
  pass.run(kernel, { q, keys, values, cursor, y }, params, [kvHeads * Math.ceil(sharing / group)])
  return y
}
