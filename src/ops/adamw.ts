import type { Pass } from '../tensor/pass.ts'
import { sizeOf, type Tensor } from '../tensor/tensor.ts'
import { strideGrid } from './grid.ts'
import { require } from './require.ts'

export interface AdamwInputs {
  /** What is trained. It, `gradient`, `m` and `v` are f32 of one layout; all but the gradient and the norm are changed in place. */
  value: Tensor
  gradient: Tensor
  /** First moment, zero before the first step. */
  m: Tensor
  /** Second moment, zero before the first step. */
  v: Tensor
  /** Norm of the gradients of all parameters, [1], see `gradNorm`. */
  norm: Tensor
}

export interface AdamwOptions {
  learningRate: number
  betas: readonly [number, number]
  eps: number
  /** Decoupled: each step shrinks the value by learningRate · weightDecay of itself. */
  weightDecay: number
  /** Largest norm; gradients of a larger one are scaled down to it. 0 does not clip. */
  clip: number
  /** Number of this step, from 1. */
  step: number
}

/** One step of one parameter, as torch.optim.AdamW after clip_grad_norm_; changes nothing where the norm is not finite. */
export function adamw(pass: Pass, { value, gradient, m, v, norm }: AdamwInputs, options: AdamwOptions): void {
  const { learningRate, betas, eps, weightDecay, clip, step } = options
  const count = sizeOf(value.shape)
  for (const [name, tensor] of Object.entries({ value, gradient, m, v })) {
    require(tensor.type === 'f32' && sizeOf(tensor.shape) === count, () =>
      `adamw: ${name} must be f32 with the ${count} elements of value [${value.shape}], found ${tensor.type} [${tensor.shape}]`)
  }
  require(step >= 1, () => `adamw: steps count from 1, found ${step}`)
  const params = {
    count,
    keep: 1 - learningRate * weightDecay,
    stepSize: learningRate / (1 - betas[0] ** step),
    rootCorrection: Math.sqrt(1 - betas[1] ** step),
    freshM: 1 - betas[0],
    beta2: betas[1],
    freshV: 1 - betas[1],
    eps,
    clip,
  }
  pass.run(
    { shader: 'adamw', entry: 'step' },
    { value, gradient, m, v, norm },
    params,
    strideGrid(count / 4, pass.gpu.abilities.cpu),
  )
}
