import type { LlavaConfig, ProjectorConfig, ProjectorType } from '../../checkpoint/configTypes.ts'
import { isLlavaProjector } from '../../checkpoint/projectorConfig.ts'
import { BeagleError } from '../../errors.ts'
import { type FreshProjector, projectorTypes } from '../../teachApi.ts'
import { type Ends, endsOf } from './ends.ts'

type Sizes = Omit<FreshProjector, 'type'>

/** The sizes that each type has a use for. */
const used: Record<ProjectorType, readonly (keyof Sizes)[]> = {
  linear: [],
  mlp2x_gelu: [],
  mlp: ['depth'],
  'c-abs': ['tokens', 'depth', 'hidden', 'mlpDepth', 'endTokens'],
  'd-abs': ['tokens', 'depth', 'hidden', 'heads', 'points', 'ffn', 'endTokens'],
  resampler: ['tokens', 'depth', 'hidden', 'heads', 'ffn', 'endTokens'],
  'q-former': ['tokens', 'depth', 'hidden', 'heads', 'ffn'],
}

/** The paper's 12 × 12 tokens of 16 × 16 features, in the same proportion. */
const paperTokens = ({ positions }: Ends) => Math.max(1, Math.round(0.75 * Math.sqrt(positions))) ** 2

/** The most heads, up to the paper's, into which a width divides by whole vectors of four. */
function headsFor(hidden: number, most: number): number {
  for (let heads = most; heads > 1; heads--) if (hidden % (4 * heads) === 0) return heads
  return 1
}

/**
 * A new projector's config: what is not given is as in its paper, in proportion to the model. Throws `bad-argument` for a type that is
 * not known and for sizes that mean nothing to it.
 */
export function freshConfig(start: ProjectorType | FreshProjector, model: LlavaConfig): ProjectorConfig {
  const { type, ...sizes } = typeof start === 'string' ? { type: start } : start
  checkSizes(type, sizes)
  const ends = endsOf(model)
  const own = isLlavaProjector(model.projector) ? model.projector : ({ act: 'geluErf', bias: true } as const)
  const { tokens = paperTokens(ends), hidden = ends.features, endTokens = 0 } = sizes
  switch (type) {
    case 'linear':
    case 'mlp2x_gelu':
      return { type, act: own.act, bias: own.bias }
    case 'mlp':
      return { type, depth: sizes.depth ?? 2, act: 'silu' }
    case 'c-abs': {
      const { depth = 3, mlpDepth = 2 } = sizes
      return { type, tokens, hidden, depth, mlpDepth, positions: true, preNorm: false, endTokens }
    }
    case 'd-abs': {
      const { depth = 6, heads = headsFor(hidden, 8), points = 4, ffn = hidden } = sizes
      const pooled = ends.levels > 1 ? 'none' : 'query'
      const shape = { tokens, hidden, layers: depth, heads, points, ffn, levels: ends.levels }
      return { type, ...shape, positions: true, pooled, learnedPoints: true, endTokens }
    }
    case 'resampler': {
      const { depth = 6, heads = headsFor(hidden, 16), ffn = 4 * hidden } = sizes
      return { type, tokens, hidden, layers: depth, heads, ffn, eps: 1e-6, positions: false, endTokens }
    }
    case 'q-former': {
      const { depth = 12, heads = headsFor(hidden, 12), ffn = 4 * hidden } = sizes
      const words = { vocab: model.text.vocab, maxPositions: 512 }
      const shape = { tokens: sizes.tokens ?? 32, hidden, layers: depth, heads, ffn }
      return { type, ...shape, ...words, crossEvery: 2, eps: 1e-12, output: true }
    }
  }
}

function checkSizes(type: ProjectorType, sizes: Sizes): void {
  if (!Object.hasOwn(used, type)) {
    throw new BeagleError(
      'bad-argument',
      `There is no projector of type "${type}"; there are ${projectorTypes.join(', ')}.`,
    )
  }
  const given = Object.entries(sizes).filter(([, size]) => size !== undefined)
  const strangers = given.filter(([name]) => !used[type].includes(name as keyof Sizes)).map(([name]) => name)
  if (strangers.length > 0) {
    const takes = used[type].length > 0 ? `takes ${used[type].join(', ')}` : 'takes no sizes'
    throw new BeagleError('bad-argument', `A projector of type "${type}" ${takes}; found ${strangers.join(', ')}.`)
  }
  const least = (name: string) => (name === 'endTokens' || name === 'depth' ? 0 : 1)
  const wrong = given.filter(([name, size]) => !Number.isSafeInteger(size) || (size as number) < least(name))
  if (wrong.length > 0) {
    const lines = wrong.map(
      ([name, size]) => `${name} must be a whole number of at least ${least(name)}, found ${size}`,
    )
    throw new BeagleError('bad-argument', `${lines.join('; ')}.`)
  }
}
