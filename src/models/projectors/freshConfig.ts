import type { LlavaConfig, ProjectorConfig, ProjectorType } from '../../checkpoint/configTypes.ts'
import { isLlavaProjector } from '../../checkpoint/projectorConfig.ts'
import { BeagleError } from '../../errors.ts'
import { type FreshPlan, type FreshProjector, projectorTypes, type SizeName } from '../../teachApi.ts'
import { parametersOf } from '../tree.ts'
import { type Ends, endsOf } from './ends.ts'
import { projectorSpec, visualTokensOf } from './projector.ts'

type Sizes = Partial<Record<SizeName, number>>
type Problems = FreshPlan['problems']

/** The sizes that each type has a use for. */
const used: Record<ProjectorType, readonly SizeName[]> = {
  linear: [],
  mlp2x_gelu: [],
  mlp: ['depth'],
  'c-abs': ['tokens', 'depth', 'hidden', 'mlpDepth', 'endTokens'],
  'd-abs': ['tokens', 'depth', 'hidden', 'heads', 'points', 'ffn', 'endTokens'],
  resampler: ['tokens', 'depth', 'hidden', 'heads', 'ffn', 'endTokens'],
  'q-former': ['tokens', 'depth', 'hidden', 'heads', 'ffn'],
}

/** The most that a size may be: far beyond any paper's, but nothing that hangs where it is but planned. */
const most = (size: SizeName) => (size === 'depth' || size === 'mlpDepth' ? 256 : 65536)
const least = (size: SizeName, type: ProjectorType) =>
  size === 'endTokens' || (size === 'depth' && type === 'c-abs') ? 0 : 1

/** The paper's 12 × 12 tokens of 16 × 16 features, in the same proportion. */
const paperTokens = ({ positions }: Ends) => Math.max(1, Math.round(0.75 * Math.sqrt(positions))) ** 2

/** The most heads, up to the paper's, into which a width divides by whole vectors of four. */
function headsFor(hidden: number, most: number): number {
  for (let heads = most; heads > 1; heads--) if (hidden % (4 * heads) === 0) return heads
  return 1
}

/**
 * A new projector's config: what is not given is as in its paper, in proportion to the model. Throws `bad-argument` for a type that is
 * not known, for sizes that mean nothing to it, and for sizes that cannot be.
 */
export function freshConfig(start: ProjectorType | FreshProjector, model: LlavaConfig): ProjectorConfig {
  const { type, sizes } = split(start)
  const strangers = Object.keys(sizes).filter((name) => !used[type].includes(name as SizeName))
  if (strangers.length > 0) {
    const takes = used[type].length > 0 ? `takes ${used[type].join(', ')}` : 'takes no sizes'
    throw new BeagleError('bad-argument', `A projector of type "${type}" ${takes}; found ${strangers.join(', ')}.`)
  }
  const wrong = Object.entries(sizeProblems(type, sizes, model)).map(([size, problem]) => `${size}: ${problem}`)
  if (wrong.length > 0) throw new BeagleError('bad-argument', wrong.join(' '))
  return configOf(type, sizes, model)
}

/** What `freshConfig` would make, with every size filled in and what is wrong told size by size; sizes that the type does not use are passed over. */
export function planFresh(start: ProjectorType | FreshProjector, model: LlavaConfig): FreshPlan {
  const { type, sizes: given } = split(start)
  const sizes = Object.fromEntries(Object.entries(given).filter(([name]) => used[type].includes(name as SizeName)))
  const problems: Problems = sizeProblems(type, sizes, model)
  const possible = Object.fromEntries(Object.entries(sizes).filter(([name]) => !problems[name as SizeName]))
  const ends = endsOf(model)
  const config = configOf(type, possible, model)
  const plan: FreshPlan = { sizes: sizesOf(config), problems, positions: ends.positions }
  try {
    const parameters = parametersOf(projectorSpec(ends, config))
    if (Object.keys(problems).length === 0)
      Object.assign(plan, { parameters, visualTokens: visualTokensOf({ ends, config }) })
  } catch (error) {
    if (!(error instanceof BeagleError)) throw error
    problems.type = error.message
  }
  return plan
}

/** A fresh projector of the same type and sizes. */
export const freshLike = (config: ProjectorConfig): FreshProjector => ({ type: config.type, ...sizesOf(config) })

function split(start: ProjectorType | FreshProjector): { type: ProjectorType; sizes: Sizes } {
  const { type, ...given } = typeof start === 'string' ? { type: start } : start
  if (!Object.hasOwn(used, type)) {
    throw new BeagleError(
      'bad-argument',
      `There is no projector of type "${type}"; there are ${projectorTypes.join(', ')}.`,
    )
  }
  return { type, sizes: Object.fromEntries(Object.entries(given).filter(([, size]) => size !== undefined)) }
}

function configOf(type: ProjectorType, sizes: Sizes, model: LlavaConfig): ProjectorConfig {
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

function sizesOf(config: ProjectorConfig): Sizes {
  const all = 'layers' in config ? { ...config, depth: config.layers } : config
  return Object.fromEntries(used[config.type].map((name) => [name, (all as Sizes)[name]!]))
}

/** What is wrong with the sizes that were given. */
function sizeProblems(type: ProjectorType, sizes: Sizes, model: LlavaConfig): Partial<Record<SizeName, string>> {
  const problems: Partial<Record<SizeName, string>> = {}
  for (const [name, size] of Object.entries(sizes) as [SizeName, number][]) {
    const [low, high] = [least(name, type), most(name)]
    if (!Number.isSafeInteger(size) || size < low) problems[name] = `A whole number of at least ${low}, not ${size}.`
    else if (size > high) problems[name] = `At most ${high}, not ${size}.`
  }
  const { tokens, heads, hidden = endsOf(model).features } = sizes
  if ((type === 'c-abs' || type === 'd-abs') && tokens !== undefined) problems.tokens ??= squareProblem(tokens)
  if (heads !== undefined && !problems.hidden && hidden % heads !== 0)
    problems.heads ??= `${hidden} does not divide by ${heads} heads; ${divisors(hidden).join(', ')} do.`
  for (const [name, problem] of Object.entries(problems)) if (!problem) delete problems[name as SizeName]
  return problems
}

function squareProblem(tokens: number): string | undefined {
  const side = Math.floor(Math.sqrt(tokens))
  if (side * side === tokens) return undefined
  return `${tokens} is no square number; ${side ** 2 || 1} and ${(side + 1) ** 2} are.`
}

/** Into how many heads a width divides, the fewest first. */
const divisors = (hidden: number) =>
  Array.from({ length: Math.min(hidden, 16) }, (_, i) => i + 1).filter((heads) => hidden % heads === 0)
