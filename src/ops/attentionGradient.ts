import type { Path } from '../gpu/device.ts'
import type { Pass } from '../tensor/pass.ts'
import { type Tensor, widthOf } from '../tensor/tensor.ts'
import { flatGrid } from './grid.ts'
import { activationOf } from './require.ts'

/** How the heads of an attention lie in its tensors, by the names of the kernels' parameters. */
export type AttentionLayout = {
  rows: number
  keys: number
  heads: number
  kvHeads: number
  qStride: number
  kStride: number
  vStride: number
  qOffset: number
  kOffset: number
  vOffset: number
  /** 0: all see all; 1: row t sees the keys up to t; 2: up to `cursor[position]` + t. */
  causal: number
}

/** What the forward pass keeps. */
export type AttentionSaved = {
  q: Tensor
  k: Tensor
  v: Tensor
  cursor: Tensor | undefined
  y: Tensor
  /** [B·T, heads] in f32: log(sum_j exp(score_j)). */
  statistics: Tensor
}

export interface AttentionGradientOptions {
  layout: AttentionLayout
  width: number
  images: number
  /** Whether heads can be read by vec4s; the shuffled path needs it. */
  aligned: boolean
  path: Path
}

/**
 * The gradients of `attention`, each a new tensor laid out like what it belongs to, with zeros between the heads; where k and v,
 * or all three, are one tensor, so are their gradients, `kv` or `qkv`. Each kernel runs when something of it is first asked for.
 */
export function attentionGradient(
  { pass, dy, saved: { q, k, v, cursor, y, statistics } }: { pass: Pass; dy: Tensor; saved: AttentionSaved },
  { layout, width, images, aligned, path }: AttentionGradientOptions,
): Record<'q' | 'k' | 'v' | 'kv' | 'qkv', () => Tensor> {
  const { rows, keys, heads, kvHeads } = layout
  const activation = activationOf('attention', q, k, v, dy)
  const shape = { ...layout, width }
  const params = { ...shape, lines: rows * images * heads }
  const fresh = (x: Tensor, used: number) => {
    const gradient = pass.scratch(x.shape, x.type)
    if (used * width < widthOf(x)) pass.clear(gradient)
    return gradient
  }
  const fused = q === k && k === v
  const together = k === v
  const whole = once(() => fresh(q, heads + 2 * kvHeads))

  const lines = once(() => {
    const into = pass.scratch([params.lines, 2])
    const overrides = { ALIGNED: Number(aligned) }
    const kernel = { shader: 'attentionGradient', entry: 'delta', activation, overrides }
    pass.run(kernel, { y, dy, statistics, into }, params, flatGrid(Math.ceil(params.lines / 64)))
    return into
  })
  const run = (entry: 'rows' | 'keys', gradients: Record<string, Tensor>, overrides: Record<string, number>) => {
    const buffers = { q, k, v, cursor: cursor ?? q, dy, lines: lines(), ...gradients }
    if (path === 'shuffled') {
      const chosen = { ...overrides, SLOTS: Math.ceil(width / 32) }
      const kernel = { shader: 'attentionGradientShuffled', entry, activation, overrides: chosen }
      const owned = entry === 'rows' ? rows * (heads / kvHeads) : keys
      pass.run(kernel, buffers, shape, [Math.ceil(owned / 8), kvHeads, images])
    } else {
      const chosen = { ...overrides, CHUNKS: Math.ceil(width / 64), ALIGNED: Number(aligned) }
      const kernel = { shader: 'attentionGradient', entry, activation, overrides: chosen }
      const [owned, groups] = entry === 'rows' ? [rows, heads] : [keys, kvHeads]
      pass.run(kernel, buffers, params, [Math.ceil(owned / 16), groups, images])
    }
  }
  const byRows = once(() => {
    const dq = fused ? whole() : fresh(q, heads)
    run('rows', { dq }, {})
    return dq
  })
  const byKeys = once(() => {
    const dk = fused ? whole() : fresh(k, together ? 2 * kvHeads : kvHeads)
    const dv = together ? dk : fresh(v, kvHeads)
    run('keys', { dk, dv: together ? pass.scratch([1]) : dv }, { TOGETHER: Number(together) })
    return { dk, dv }
  })
  return {
    q: byRows,
    k: () => byKeys().dk,
    v: () => byKeys().dv,
    kv: () => byKeys().dk,
    qkv: () => {
      byKeys()
      return byRows()
    },
  }
}

/** `compute` at the first call, its result ever after. */
function once<T>(compute: () => T): () => T {
  let result: { value: T } | undefined
  return () => {
    result ??= { value: compute() }
    return result.value
  }
}
