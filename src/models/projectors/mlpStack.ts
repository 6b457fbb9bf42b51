import type { MlpConfig } from '../../checkpoint/configTypes.ts'
import { linear } from '../../ops/linear.ts'
import type { Pass } from '../../tensor/pass.ts'
import type { Tensor } from '../../tensor/tensor.ts'
import type { Loaded } from '../tree.ts'
import type { Ends } from './ends.ts'
import { dense } from './leaves.ts'

/** Honeybee's `mlp`: `depth` linear layers below `root` (`abstractor`), all but the first from the decoder's width to itself. */
export function mlpStackSpec(root: string, { features, width }: Ends, { depth }: MlpConfig) {
  return Array.from({ length: depth }, (_, i) => dense(i === 0 ? features : width, [`${root}.net.${2 * i}`, width]))
}

export type MlpStackWeights = Loaded<ReturnType<typeof mlpStackSpec>>

/** Features [P, Dv] → visual tokens [P, D], one for each, an activation between the layers. Cha et al. 2024, arXiv:2312.06742. */
export function mlpStack(pass: Pass, weights: MlpStackWeights, features: Tensor, { act }: MlpConfig): Tensor {
  const between = act === 'silu' ? 'silu' : 'gelu'
  return weights.reduce((x, layer, i) => {
    const y = linear(pass, { x, ...layer }, { activation: i < weights.length - 1 ? between : 'none' })
    if (i > 0) pass.drop(x)
    return y
  }, features)
}
