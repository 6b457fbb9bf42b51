import type { LlavaConfig, ProjectorConfig } from '../../checkpoint/configTypes.ts'
import type { Pass } from '../../tensor/pass.ts'
import type { Tensor } from '../../tensor/tensor.ts'
import type { Loaded } from '../tree.ts'
import { type LinearWeights, linearProjector, linearSpec } from './linear.ts'
import { type MlpWeights, mlp, mlpSpec } from './mlp.ts'

/** The canonical name under which a projector's tensors stand. */
const root = 'multi_modal_projector'

/** Every type of projector, the plainest first. */
export const projectorTypes: readonly ProjectorConfig['type'][] = ['linear', 'mlp2x_gelu']

/** The weights of a projector for `model`, by canonical names; by default those of the checkpoint's own. */
export function projectorSpec(model: LlavaConfig, { type, bias }: ProjectorConfig = model.projector) {
  const featureWidth = model.vision.hidden * model.featureLayers.length
  const spec = type === 'linear' ? linearSpec : mlpSpec
  return spec(root, featureWidth, model.text.hidden, bias)
}

export type ProjectorSpec = ReturnType<typeof projectorSpec>
export type ProjectorWeights = Loaded<ProjectorSpec>

/** A projector on the GPU: what it is, the names and shapes of its weights, and the weights. A model may have several and uses one. */
export interface Projector {
  readonly config: ProjectorConfig
  readonly spec: ProjectorSpec
  readonly weights: ProjectorWeights
}

/** Features of images [P, Dv] → their visual tokens [M, D]. */
export function project(pass: Pass, { config, weights }: Projector, features: Tensor): Tensor {
  return config.type === 'linear'
    ? linearProjector(pass, weights as LinearWeights, features)
    : mlp(pass, weights as MlpWeights, features, config.act)
}
