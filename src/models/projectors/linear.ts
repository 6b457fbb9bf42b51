import { linear } from '../../ops/linear.ts'
import type { Pass } from '../../tensor/pass.ts'
import type { Tensor } from '../../tensor/tensor.ts'
import { type Loaded, matrix, vector } from '../tree.ts'
import type { Ends } from './ends.ts'

/** One linear layer, features [P, Dv] → visual tokens [P, D]; the first LLaVA's connector. Liu et al. 2023, arXiv:2304.08485. */
export function linearSpec(root: string, { features, width }: Ends, bias: boolean) {
  return {
    weight: matrix('exact', features, [`${root}.linear_1.weight`, width]),
    bias: bias ? vector([`${root}.linear_1.bias`, width]) : undefined,
  }
}

export type LinearWeights = Loaded<ReturnType<typeof linearSpec>>

export function linearProjector(pass: Pass, weights: LinearWeights, features: Tensor): Tensor {
  return linear(pass, { x: features, ...weights })
}
