import type {
  LlavaConfig,
  LlavaProjectorConfig,
  ProjectorConfig,
  ProjectorType,
  QFormerConfig,
} from '../../checkpoint/configTypes.ts'
import { joinRows } from '../../ops/joinRows.ts'
import { takeRows } from '../../ops/takeRows.ts'
import type { Pass } from '../../tensor/pass.ts'
import { rowsOf, type Tensor } from '../../tensor/tensor.ts'
import type { SpecTree } from '../tree.ts'
import { type CAbstractorWeights, cAbstractor, cAbstractorSpec } from './cAbstractor.ts'
import { type DAbstractorWeights, dAbstractor, dAbstractorSpec } from './dAbstractor.ts'
import { type Ends, endsOf } from './ends.ts'
import { type LinearWeights, linearProjector, linearSpec } from './linear.ts'
import { type MlpWeights, mlp, mlpSpec } from './mlp.ts'
import { type MlpStackWeights, mlpStack, mlpStackSpec } from './mlpStack.ts'
import { type QFormerWeights, qFormer, qFormerSpec } from './qFormer.ts'
import { type ResamplerWeights, resampler, resamplerSpec } from './resampler.ts'
import type { Watch, WatchPoints } from './watch.ts'

type ConfigOf<T extends ProjectorType> = T extends LlavaProjectorConfig['type']
  ? LlavaProjectorConfig
  : Extract<ProjectorConfig, { type: T }>

/** How features become visual tokens: of how many images, between what, and what the projector is. */
export interface Projection<C> {
  images: number
  ends: Ends
  config: C
  /** Tokens of each image's question, u32 [L], for a projector that reads it. */
  instructions?: readonly (Tensor | undefined)[]
  /** Sees where the projector's queries look. */
  watch?: Watch
  /** Sees where the queries of a D-Abstractor sample the features. */
  watchPoints?: WatchPoints
}

/** One type of projector. */
interface Kind<C, W> {
  /** Its weights by canonical names. */
  spec(ends: Ends, config: C): SpecTree
  /** Features [images · levels · P, Dv] → visual tokens [images · M, D]. */
  run(pass: Pass, weights: W, features: Tensor, projection: Projection<C>): Tensor
  /** Visual tokens per image. */
  tokens(ends: Ends, config: C): number
}

// biome-ignore lint/suspicious/noExplicitAny: each kind knows its own weights
type Kinds = { [T in ProjectorType]: Kind<ConfigOf<T>, any> }

const root = 'multi_modal_projector'
const everyPosition = ({ positions, levels }: Ends) => positions * levels

const kinds: Kinds = {
  linear: {
    spec: (ends, { bias }) => linearSpec(root, ends, bias),
    run: (pass, weights: LinearWeights, features) => linearProjector(pass, weights, features),
    tokens: everyPosition,
  },
  mlp2x_gelu: {
    spec: (ends, { bias }) => mlpSpec(root, ends, bias),
    run: (pass, weights: MlpWeights, features, { config }) => mlp(pass, weights, features, config.act),
    tokens: everyPosition,
  },
  mlp: {
    spec: (ends, config) => mlpStackSpec('abstractor', ends, config),
    run: (pass, weights: MlpStackWeights, features, { config }) => mlpStack(pass, weights, features, config),
    tokens: everyPosition,
  },
  'c-abs': {
    spec: (ends, config) => cAbstractorSpec('abstractor', ends, config),
    run: (pass, weights: CAbstractorWeights, features, projection) => cAbstractor(pass, weights, features, projection),
    tokens: (_, { tokens, endTokens }) => tokens + endTokens,
  },
  'd-abs': {
    spec: (ends, config) => dAbstractorSpec('abstractor', ends, config),
    run: (pass, weights: DAbstractorWeights, features, projection) => dAbstractor(pass, weights, features, projection),
    tokens: (_, { tokens, endTokens }) => tokens + endTokens,
  },
  resampler: {
    spec: (ends, config) => resamplerSpec('abstractor', ends, config),
    run: (pass, weights: ResamplerWeights, features, projection) => resampler(pass, weights, features, projection),
    tokens: (_, { tokens, endTokens }) => tokens + endTokens,
  },
  'q-former': {
    spec: (ends, config) => qFormerSpec('', ends, config),
    run: instructed,
    tokens: (_, { tokens }) => tokens,
  },
}

/** Questions differ in length, so that images which have one are looked at one by one. */
function instructed(
  pass: Pass,
  weights: QFormerWeights,
  features: Tensor,
  { instructions, images, config, watch }: Projection<QFormerConfig>,
): Tensor {
  if (!instructions?.some(Boolean)) return qFormer(pass, weights, features, { images, config, watch })
  const rows = rowsOf(features) / images
  return instructions
    .map((instruction, i) => {
      const own = images === 1 ? features : takeRows(pass, { x: features }, { first: i * rows, rows })
      return qFormer(pass, weights, own, { images: 1, config, instruction, watch })
    })
    .reduce((before, next) => joinRows(pass, { a: before, b: next }))
}

const kindOf = (config: ProjectorConfig) => kinds[config.type] as Kind<ProjectorConfig, unknown>

/** The weights of a projector, by canonical names. */
export function projectorSpec(ends: Ends, config: ProjectorConfig): SpecTree {
  return kindOf(config).spec(ends, config)
}

/** A projector on the GPU: what it is, the names and shapes of its weights, and the weights. A model may have several and uses one. */
export interface Projector {
  readonly config: ProjectorConfig
  readonly ends: Ends
  readonly spec: SpecTree
  /** What was uploaded of `spec`. */
  readonly weights: unknown
}

/** The checkpoint's own projector. */
export function ownProjector(model: LlavaConfig, weights: unknown): Projector {
  const ends = endsOf(model)
  return { config: model.projector, ends, spec: projectorSpec(ends, model.projector), weights }
}

/** Visual tokens per image (M, and those at the end where there are). */
export function visualTokensOf({ ends, config }: Pick<Projector, 'ends' | 'config'>): number {
  return kindOf(config).tokens(ends, config)
}

/** The weights that training changes: all, but for reference points which the config holds fixed. */
export function trainedWeights({ config, weights }: Pick<Projector, 'config' | 'weights'>): unknown {
  if (config.type !== 'd-abs' || config.learnedPoints) return weights
  const { reference: _fixed, ...rest } = weights as DAbstractorWeights
  return rest
}

/** Longest question that the projector reads along with an image, in tokens; 0 where it reads none. */
export function instructionTokensOf({ config }: Pick<Projector, 'config'>): number {
  return config.type === 'q-former' ? config.maxPositions : 0
}

/** Features of images [images · levels · P, Dv] → their visual tokens [images · M, D]. */
export function project(
  pass: Pass,
  { config, ends, weights }: Projector,
  features: Tensor,
  options: Pick<Projection<ProjectorConfig>, 'instructions' | 'watch' | 'watchPoints'> = {},
): Tensor {
  const images = rowsOf(features) / everyPosition(ends)
  return kindOf(config).run(pass, weights, features, { images, ends, config, ...options })
}
