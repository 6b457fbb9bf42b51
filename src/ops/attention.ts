import type { Path } from '../gpu/device.ts'
import type { Pass } from '../tensor/pass.ts'
import { rowsOf, type Tensor, widthOf } from '../tensor/tensor.ts'
import {
  type AttentionGradientOptions,
  type AttentionLayout,
  type AttentionSaved,
  attentionGradient,
} from './attentionGradient.ts'
import { activationOf, require } from './require.ts'

export interface AttentionInputs {
  /** [B·T, ..]: the row width of each of q, k and v is that of its tensor, so all three may be one fused qkv. */
  q: Tensor
  /** [B·C, ..] */
  k: Tensor
  /** [B·C, ..] */
  v: Tensor
  /** Where the first row of causal attention stands among the keys; without it, row t is that of key t. */
  cursor?: Tensor
  /** [B·T, heads] in f32: gets log(sum_j exp(score_j)) of each row and head, which a backward pass needs; a tape sees to it itself. */
  statistics?: Tensor
}

export interface AttentionOptions {
  heads: number
  /** Heads of keys and values; each serves heads / kvHeads neighbouring heads. */
  kvHeads: number
  /** At most 256. */
  headWidth: number
  /** Row t sees only the keys up to `cursor[position]` + t; without a cursor, up to t. */
  causal: boolean
  /** B: rows and keys fall into that many equal parts that do not see each other. */
  images?: number
  /** Columns at which the first heads of q, k and v begin; 0 without it. */
  offsets?: { q: number; k: number; v: number }
  /** In place of the device's choice; tests compare both. Widths that the shuffled kernel does not take are computed plainly. */
  path?: Path
}

/**
 * softmax(q · kᵀ / sqrt(headWidth)) · v per head, [B·T, heads · headWidth], the softmax computed as the keys stream by.
 */
export function attention(pass: Pass, inputs: AttentionInputs, options: AttentionOptions): Tensor {
  const { q, k, v, cursor } = inputs
  const { heads, kvHeads, headWidth: width, images = 1, offsets = { q: 0, k: 0, v: 0 } } = options
  checkAttention('attention', inputs, options)
  const rows = rowsOf(q) / images
  const strides = { qStride: widthOf(q), kStride: widthOf(k), vStride: widthOf(v) }
  const starts = { qOffset: offsets.q, kOffset: offsets.k, vOffset: offsets.v }
  const causal = options.causal ? (cursor ? 2 : 1) : 0
  const layout: AttentionLayout = { rows, keys: rowsOf(k) / images, heads, kvHeads, ...strides, ...starts, causal }
  const aligned = [width, ...Object.values(strides), ...Object.values(starts)].every((extent) => extent % 4 === 0)
  const pathOf = (chosen: Path) => (aligned && width <= 128 ? (options.path ?? chosen) : 'plain')
  const path = pathOf(pass.gpu.paths.attention)
  const followed = pass.tape?.follows(q, k, v)
  const statistics = inputs.statistics ?? (followed ? pass.scratch([rowsOf(q), heads]) : undefined)
  const y = pass.scratch([rowsOf(q), heads * width], q.type)
  const buffers = { q, k, v, cursor: cursor ?? q, y, statistics: statistics ?? pass.scratch([1]) }
  const activation = activationOf('attention', q, k, v)
  const overrides = { SAVE: Number(!!statistics) }
  if (path === 'shuffled') {
    const chosen = { ...overrides, WIDTH: width, SLOTS: Math.ceil(width / 32) }
    const kernel = { shader: 'attentionShuffled', entry: 'forward', activation, overrides: chosen }
    pass.run(kernel, buffers, layout, [Math.ceil(rows / 8), heads, images])
  } else {
    const chosen = { ...overrides, CHUNKS: Math.ceil(width / 64), ALIGNED: Number(aligned) }
    const kernel = { shader: 'attention', entry: 'forward', activation, overrides: chosen }
    pass.run(kernel, buffers, { ...layout, width }, [Math.ceil(rows / 16), heads, images])
  }
  if (followed && statistics) {
    const backward = { layout, width, images, aligned, path: pathOf(pass.gpu.paths.attentionGradient) }
    recordAttention(pass, { q, k, v, cursor, y, statistics }, backward)
  }
  return y
}

/** Records each distinct tensor once, because a kernel writes all that it knows of it into one gradient. */
function recordAttention(pass: Pass, saved: AttentionSaved, options: AttentionGradientOptions): void {
  const { q, k, v, cursor, y } = saved
  checkApart(saved, options)
  const gradients = (arrival: { pass: Pass; dy: Tensor; saved: AttentionSaved }) => ({
    ...attentionGradient(arrival, options),
    cursor: null,
  })
  if (q === k && k === v) pass.tape?.record({ qkv: q, cursor }, y, saved, gradients)
  else if (k === v) pass.tape?.record({ q, kv: k, cursor }, y, saved, gradients)
  else pass.tape?.record({ q, k, v, cursor }, y, saved, gradients)
}

function checkApart({ q, k, v }: AttentionSaved, { layout, width }: AttentionGradientOptions): void {
  const heads = [
    { name: 'q', tensor: q, begin: layout.qOffset, end: layout.qOffset + layout.heads * width },
    { name: 'k', tensor: k, begin: layout.kOffset, end: layout.kOffset + layout.kvHeads * width },
    { name: 'v', tensor: v, begin: layout.vOffset, end: layout.vOffset + layout.kvHeads * width },
  ]
  for (const a of heads)
    for (const b of heads)
      require(a === b || a.tensor !== b.tensor || a.end <= b.begin || b.end <= a.begin, () =>
        `attention: ${a.name} has columns ${a.begin} to ${a.end} of a tensor, ${b.name} has ${b.begin} to ${b.end} of the same; their gradients need columns of their own`)
}

/** Throws `bad-argument` where heads, widths and rows of an attention do not fit each other. */
export function checkAttention(op: string, inputs: AttentionInputs, options: AttentionOptions): void {
  const { heads, kvHeads, headWidth, images = 1, offsets = { q: 0, k: 0, v: 0 } } = options
  require(Number.isInteger(heads / kvHeads), () =>
    `${op}: ${heads} heads do not fall evenly on ${kvHeads} heads of keys and values`)
  require(headWidth >= 1 && headWidth <= 256, () => `${op}: a head may be 1 to 256 wide, found ${headWidth}`)
  for (const [name, count] of [
    ['q', heads],
    ['k', kvHeads],
    ['v', kvHeads],
  ] as const) {
    const tensor = inputs[name]
    require(widthOf(tensor) >= offsets[name] + count * headWidth, () =>
      `${op}: ${name} [${tensor.shape}] has width ${widthOf(tensor)}, ${count} heads of ${headWidth} from column ${offsets[name]} on need more`)
    require(Number.isInteger(rowsOf(tensor) / images), () =>
      `${op}: the ${rowsOf(tensor)} rows of ${name} do not fall evenly on ${images} images`)
  }
  require(rowsOf(inputs.k) === rowsOf(inputs.v), () =>
    `${op}: k [${inputs.k.shape}] and v [${inputs.v.shape}] must have the same number of rows`)
}
