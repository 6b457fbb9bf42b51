import type { ProjectorConfig } from '../src/checkpoint/configTypes.ts'
import type { Ends } from '../src/models/projectors/ends.ts'

/** A projector between the ends that it has in its paper. */
export interface ProjectorCase {
  name: string
  ends: Ends
  config: ProjectorConfig
}

/** Honeybee's: CLIP ViT-L/14 of 224 or 336 pixels before it, a decoder of 7B behind it. arXiv:2312.06742, table 11 and its configs. */
const between = (positions: 256 | 576): Ends => ({ positions, levels: 1, features: 1024, width: 4096 })

const mlp = (positions: 256 | 576, depth: number): ProjectorCase => ({
  name: depth === 1 ? 'linear' : `mlp of ${depth} layers`,
  ends: between(positions),
  config: { type: 'mlp', depth, act: 'silu' },
})

const cAbs = (positions: 256 | 576, tokens: number): ProjectorCase => ({
  name: 'c-abs',
  ends: between(positions),
  config: {
    ...{ type: 'c-abs', tokens, hidden: 1024, depth: 3, mlpDepth: 2 },
    ...{ positions: true, preNorm: false, endTokens: 0 },
  },
})

const dAbs = (positions: 256 | 576, tokens: number): ProjectorCase => ({
  name: 'd-abs',
  ends: between(positions),
  config: {
    ...{ type: 'd-abs', tokens, hidden: 1024, layers: 6, heads: 8, points: 4, ffn: 1024, levels: 1 },
    ...{ positions: true, pooled: 'query', learnedPoints: true, endTokens: 0 },
  },
})

/** Of six layers; fewer are as fast per operation and take less memory and time to make. */
const resampler = (positions: 256 | 576, tokens: number, layers: number): ProjectorCase => ({
  name: layers === 6 ? 'resampler' : `resampler, ${layers} of 6 layers`,
  ends: between(positions),
  config: {
    ...{ type: 'resampler', tokens, hidden: 1024, layers, heads: 16, ffn: 4096, eps: 1e-6 },
    ...{ positions: false, endTokens: 0 },
  },
})

/** InstructBLIP's, of twelve layers, without an instruction: its vocabulary is left out. */
const qFormer = (positions: 256 | 576, layers: number): ProjectorCase => ({
  name: layers === 12 ? 'q-former' : `q-former, ${layers} of 12 layers`,
  ends: between(positions),
  config: {
    ...{ type: 'q-former', tokens: 32, hidden: 768, layers, heads: 12, ffn: 3072 },
    ...{ vocab: 1, maxPositions: 1, crossEvery: 2, eps: 1e-12, output: true },
  },
})

/** One or two of each, the deepest with few layers. */
export const someProjectors: ProjectorCase[] = [
  mlp(256, 1),
  mlp(256, 2),
  cAbs(256, 144),
  cAbs(576, 256),
  dAbs(256, 144),
  resampler(256, 144, 1),
  qFormer(256, 2),
]

export const allProjectors: ProjectorCase[] = ([256, 576] as const).flatMap((positions) => [
  ...[1, 2].map((depth) => mlp(positions, depth)),
  ...[64, 144, 256].flatMap((tokens) => [cAbs(positions, tokens), dAbs(positions, tokens)]),
  ...[64, 144].map((tokens) => resampler(positions, tokens, 6)),
  qFormer(positions, 12),
])
