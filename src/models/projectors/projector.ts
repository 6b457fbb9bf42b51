import type { LlavaConfig } from '../../checkpoint/configTypes.ts'
import type { Pass } from '../../tensor/pass.ts'
import type { Tensor } from '../../tensor/tensor.ts'
import type { Loaded } from '../tree.ts'
import { type LinearWeights, linearProjector, linearSpec } from './linear.ts'
import { type MlpWeights, mlp, mlpSpec } from './mlp.ts'

/** The weights of the checkpoint's projector below `root` (canonical names). */
export function projectorSpec(root: string, { projector, vision, text, featureLayers }: LlavaConfig) {
  const featureWidth = vision.hidden * featureLayers.length
  const spec = projector.type === 'linear' ? linearSpec : mlpSpec
  return spec(root, featureWidth, text.hidden, projector.bias)
}

export type ProjectorWeights = Loaded<ReturnType<typeof projectorSpec>>

/** Features of one image [P, Dv] → its visual tokens [M, D]. */
export function project(pass: Pass, weights: ProjectorWeights, features: Tensor, { projector }: LlavaConfig): Tensor {
  return projector.type === 'linear'
    ? linearProjector(pass, weights as LinearWeights, features)
    : mlp(pass, weights as MlpWeights, features, projector.act)
}
