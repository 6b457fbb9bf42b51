import { BeagleError } from '../errors.ts'
import type { Gpu } from '../gpu/device.ts'
import { adamw } from '../ops/adamw.ts'
import { gradNorm } from '../ops/gradNorm.ts'
import { stateTensor } from '../tensor/execute.ts'
import type { Operand, Pass } from '../tensor/pass.ts'
import { sizeOf, type Tensor } from '../tensor/tensor.ts'
import { blockSize, blocksOf, type Weight, weightBytes } from '../tensor/weight.ts'

/** A trainable tensor with what its optimizer keeps; all f32 and laid out alike, a matrix with its rows padded to blocks. */
export interface Parameter {
  operand: Operand
  value: Tensor
  gradient: Tensor
  /** First and second moment. */
  m: Tensor
  v: Tensor
}

export interface AdamwSettings {
  learningRate: number
  betas: readonly [number, number]
  eps: number
  weightDecay: number
  clip: number
}

/**
 * The parameters of a tree of weights, in the tree's order, with gradients and moments of zero. Throws `out-of-memory` where a matrix
 * is larger than one binding.
 */
export function trainable(gpu: Gpu, tree: unknown): Parameter[] {
  const values = operandsOf(tree).map((operand) => ({
    operand,
    value: 'parts' in operand ? asTensor(operand) : operand,
  }))
  return values.map(({ operand, value }, i) => {
    const like = (what: string) => stateTensor(gpu, `${what} ${i}`, value.shape)
    return { operand, value, gradient: like('gradient'), m: like('moment'), v: like('second moment') }
  })
}

/** Releases gradients and moments; the values are their owner's. */
export function releaseParameters(gpu: Gpu, parameters: readonly Parameter[]): void {
  for (const { gradient, m, v } of parameters) for (const { buffer } of [gradient, m, v]) gpu.memory.destroy(buffer)
}

/** Adds one optimizer step from the gradients; gives their global norm [1]. A norm that is no number changes nothing. */
export function descend(
  pass: Pass,
  parameters: readonly Parameter[],
  step: number,
  { learningRate, betas, eps, weightDecay, clip }: AdamwSettings,
): Tensor {
  const norm = gradNorm(
    pass,
    parameters.map(({ gradient }) => gradient),
  )
  for (const { value, gradient, m, v } of parameters)
    adamw(pass, { value, gradient, m, v, norm }, { learningRate, betas, eps, weightDecay, clip, step })
  return norm
}

/** Bytes of values, gradients and moments for `elements` of the values. */
export function parameterBytes(parameters: readonly Parameter[]): number {
  return parameters.reduce((sum, { value }) => sum + 4 * 4 * sizeOf(value.shape), 0)
}

function operandsOf(tree: unknown): Operand[] {
  if (typeof tree !== 'object' || tree === null) return []
  if ('parts' in tree || 'buffer' in tree) return [tree as Operand]
  return Object.values(tree).flatMap(operandsOf)
}

function asTensor({ name, rows, cols, parts }: Weight): Tensor {
  if (parts.length > 1) {
    const bytes = weightBytes(rows, cols, 'f32')
    const largest = weightBytes(parts[0]!.rows, cols, 'f32')
    throw new BeagleError(
      'out-of-memory',
      `${name} [${rows}, ${cols}] is trained as one buffer of ${bytes} bytes, but a binding of this device holds ${largest} of them. Teach a smaller projector, or use another device.`,
    )
  }
  return { buffer: parts[0]!.weight, shape: [rows, blocksOf(cols) * blockSize], type: 'f32' }
}
