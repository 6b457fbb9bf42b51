import type {
  CAbstractorConfig,
  DAbstractorConfig,
  MlpConfig,
  ProjectorConfig,
  QFormerConfig,
  ResamplerConfig,
} from '../src/checkpoint/configTypes.ts'
import type { Ends } from '../src/models/projectors/ends.ts'

/** Floating-point operations, a multiply-add being two. */
export interface Operations {
  forward: number
  /** Of the gradients of all parameters and of what leads to them; what attention computes again does not count. */
  backward: number
}

/**
 * What a projector computes for the features of one image, without an instruction: its matrix products, attention, convolutions and
 * samples. Norms, activations, pooling and sums are left out.
 */
export function operationsOf(ends: Ends, config: ProjectorConfig): Operations {
  const count = new Count()
  if (config.type === 'mlp') ofMlp(count, ends, config)
  else if (config.type === 'c-abs') ofCAbstractor(count, ends, config)
  else if (config.type === 'd-abs') ofDAbstractor(count, ends, config)
  else if (config.type === 'resampler') ofResampler(count, ends, config)
  else if (config.type === 'q-former') ofQFormer(count, ends, config)
  else ofMlp(count, ends, { depth: config.type === 'linear' ? 1 : 2 })
  return { forward: count.forward, backward: count.backward }
}

class Count {
  forward = 0
  backward = 0

  /** A linear layer; the gradient of its input costs as much as that of its weight. */
  layer(rows: number, from: number, to: number, inputTrained = true): void {
    this.forward += 2 * rows * from * to
    this.backward += (inputTrained ? 4 : 2) * rows * from * to
  }

  /** Scores and sums of values; backward four products of their size. */
  attention(rows: number, keys: number, width: number): void {
    this.forward += 4 * rows * keys * width
    this.backward += 8 * rows * keys * width
  }

  /** 3×3 multiply-adds per pixel and channel, and as many for either gradient. */
  depthwise(pixels: number, channels: number): void {
    this.forward += 18 * pixels * channels
    this.backward += 36 * pixels * channels
  }

  /** Four cells about each of `points` points of every query, whose heads are together `width` wide; as many for either gradient. */
  sampling(queries: number, points: number, width: number): void {
    this.forward += 8 * queries * points * width
    this.backward += 16 * queries * points * width
  }
}

function ofMlp(count: Count, { positions, levels, features, width }: Ends, { depth }: Pick<MlpConfig, 'depth'>): void {
  for (let i = 0; i < depth; i++) count.layer(positions * levels, i === 0 ? features : width, width, i > 0)
}

function ofCAbstractor(count: Count, { positions, features, width }: Ends, config: CAbstractorConfig): void {
  const { tokens, depth, mlpDepth } = config
  const D = depth > 0 ? config.hidden : features
  for (let i = 0; i < 2 * depth; i++) {
    const [rows, from] = [i < depth ? positions : tokens, i === 0 ? features : D]
    const reached = i > 0 || config.positions || config.preNorm
    count.layer(rows, from, D, reached)
    if (from !== D) count.layer(rows, from, D, reached)
    count.depthwise(rows, D)
    count.layer(1, D, Math.round(from / 4))
    count.layer(1, Math.round(from / 4), D)
    count.layer(rows, D, D)
  }
  const reached = depth > 0 || config.positions || config.preNorm
  for (let i = 0; i < mlpDepth; i++) count.layer(tokens, i === 0 ? D : width, width, i > 0 || reached)
}

function ofDAbstractor(count: Count, { positions, levels, features, width }: Ends, config: DAbstractorConfig): void {
  const { tokens: M, hidden: D, layers, heads, points, ffn, endTokens } = config
  const sampled = heads * levels * points
  const N = positions * levels
  const projected = features !== D
  if (projected) count.layer(N, features, D, false)
  for (let i = 0; i < layers; i++) {
    count.layer(M, D, 2 * D)
    count.layer(M, D, D)
    count.attention(M, M, D)
    count.layer(M, D, D)
    count.layer(M, D, 2 * sampled)
    count.layer(M, D, sampled)
    count.layer(N, D, D, projected || config.positions || levels > 1)
    count.sampling(M, levels * points, D)
    count.layer(M, D, D)
    count.layer(M, D, ffn)
    count.layer(M, ffn, D)
  }
  if (width !== D) count.layer(M + endTokens, D, width)
}

function ofResampler(count: Count, { positions, levels, features, width }: Ends, config: ResamplerConfig): void {
  const { tokens: M, hidden: D, layers, ffn } = config
  const keys = M + positions * levels
  count.layer(positions * levels, features, D, config.positions)
  for (let i = 0; i < layers; i++) {
    count.layer(M, D, D)
    count.layer(keys, D, 2 * D)
    count.attention(M, keys, D)
    count.layer(M, D, D)
    count.layer(M, D, 2 * ffn)
    count.layer(M, ffn, D)
  }
  count.layer(M, D, width)
}

function ofQFormer(count: Count, { positions, levels, features, width }: Ends, config: QFormerConfig): void {
  const { tokens: M, hidden: D, layers, ffn, crossEvery } = config
  const N = positions * levels
  for (let i = 0; i < layers; i++) {
    count.layer(M, D, 3 * D)
    count.attention(M, M, D)
    count.layer(M, D, D)
    if (i % crossEvery === 0) {
      count.layer(M, D, D)
      count.layer(N, features, 2 * D, false)
      count.attention(M, N, D)
      count.layer(M, D, D)
    }
    count.layer(M, D, ffn)
    count.layer(M, ffn, D)
  }
  if (config.output) count.layer(M, D, width)
}
