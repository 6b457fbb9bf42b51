import type { LlavaProjectorConfig } from '../../checkpoint/configTypes.ts'
import { linear } from '../../ops/linear.ts'
import type { Pass } from '../../tensor/pass.ts'
import type { Tensor } from '../../tensor/tensor.ts'
import { type Loaded, matrix, vector } from '../tree.ts'
import type { Ends } from './ends.ts'

/** Two linear layers with a GELU between them (`mlp2x_gelu`), features [P, Dv] → visual tokens [P, D]. Liu et al. 2023, arXiv:2310.03744. */
export function mlpSpec(root: string, { features, width }: Ends, bias: boolean) {
  return {
    first: matrix('exact', features, [`${root}.linear_1.weight`, width]),
    firstBias: bias ? vector([`${root}.linear_1.bias`, width]) : undefined,
    second: matrix('exact', width, [`${root}.linear_2.weight`, width]),
    secondBias: bias ? vector([`${root}.linear_2.bias`, width]) : undefined,
  }
}

export type MlpWeights = Loaded<ReturnType<typeof mlpSpec>>

export function mlp(pass: Pass, weights: MlpWeights, features: Tensor, act: LlavaProjectorConfig['act']): Tensor {
  const activation = act === 'geluErf' ? 'gelu' : 'geluTanh'
  const inner = linear(pass, { x: features, weight: weights.first, bias: weights.firstBias }, { activation })
  return linear(pass, { x: inner, weight: weights.second, bias: weights.secondBias })
}
