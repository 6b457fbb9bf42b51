import type { Pass } from '../tensor/pass.ts'
import { rowsOf, sizeOf, type Tensor, widthOf } from '../tensor/tensor.ts'
import { activationOf, require } from './require.ts'

export interface AttentionWeightsInputs {
  /** [T, ..] */
  q: Tensor
  /** [C, ..], e.g. the cache's keys. */
  k: Tensor
  /** The keys whose weights are wanted, u32 [S]. */
  columns: Tensor
}

export interface AttentionWeightsOptions {
  /** The rows of q that are looked at, R of them. */
  rows: { first: number; count: number }
  heads: number
  /** Heads of keys; each serves heads / kvHeads neighbouring heads. */
  kvHeads: number
  headWidth: number
  /** Row t sees only the keys up to `position` + t. */
  causal?: { position: number }
  /** Columns at which the first heads of q and k begin; 0 without it. */
  offsets?: { q: number; k: number }
}

/**
 * The weights that `attention` gives chosen keys in chosen rows, [R, heads, S] in f32: softmax(q · kᵀ / sqrt(headWidth)) over all keys
 * that a row sees, 0 for a column that it does not see.
 */
export function attentionWeights(
  pass: Pass,
  { q, k, columns }: AttentionWeightsInputs,
  { rows, heads, kvHeads, headWidth: width, causal, offsets = { q: 0, k: 0 } }: AttentionWeightsOptions,
): Tensor {
  require(Number.isInteger(heads / kvHeads), () =>
    `attentionWeights: ${heads} heads do not fall evenly on ${kvHeads} heads of keys`)
  for (const [name, tensor, count] of [['q', q, heads] as const, ['k', k, kvHeads] as const])
    require(widthOf(tensor) >= offsets[name] + count * width, () =>
      `attentionWeights: ${name} [${tensor.shape}] has width ${widthOf(tensor)}, ${count} heads of ${width} from column ${offsets[name]} on need more`)
  require(rows.first >= 0 && rows.first + rows.count <= rowsOf(q), () =>
    `attentionWeights: rows ${rows.first} to ${rows.first + rows.count} are wanted, q [${q.shape}] has ${rowsOf(q)}`)
  const strides = { qStride: widthOf(q), kStride: widthOf(k), qOffset: offsets.q, kOffset: offsets.k }
  const aligned = [width, ...Object.values(strides)].every((extent) => extent % 4 === 0)
  const wanted = sizeOf(columns.shape)
  const y = pass.scratch([rows.count, heads, wanted])
  const activation = activationOf('attentionWeights', q, k)
  const kernel = { shader: 'attentionWeights', entry: 'forward', activation, overrides: { ALIGNED: Number(aligned) } }
  const shape = { firstRow: rows.first, keys: rowsOf(k), columns: wanted, heads, kvHeads, width }
  const sight = { causal: Number(!!causal), position: causal?.position ?? 0 }
  pass.run(kernel, { q, k, columns, y }, { ...shape, ...strides, ...sight }, [rows.count, heads])
  return y
}
