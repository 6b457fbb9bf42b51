import type { Gpu } from '../src/gpu/device.ts'
import { allocateWeight } from '../src/ops/convert.ts'
import { stateTensor, upload } from '../src/tensor/execute.ts'
import { seeded } from '../src/tensor/random.ts'
import { sizeOf, type Tensor } from '../src/tensor/tensor.ts'
import type { Weight } from '../src/tensor/weight.ts'

const period = 1 << 20

/** Uniform numbers within ±`most`, which repeat after a million. */
export function noise(count: number, seed: number, most = 0.5): Float32Array<ArrayBuffer> {
  const random = seeded(seed)
  const first = Float32Array.from({ length: Math.min(count, period) }, () => 2 * most * (random() - 0.5))
  const values = new Float32Array(count)
  for (let at = 0; at < count; at += period) values.set(first.subarray(0, Math.min(period, count - at)), at)
  return values
}

export function tensorOf(gpu: Gpu, shape: number[], values: Float32Array = noise(sizeOf(shape), 1)): Tensor {
  const tensor = stateTensor(gpu, 'bench', shape)
  upload(gpu, tensor, values)
  return tensor
}

/** A weight in f32 from its values, row by row; `cols` is a multiple of 32. */
export function weightOf(gpu: Gpu, rows: number, cols: number, values: Float32Array): Weight {
  const weight = allocateWeight(gpu, 'bench', rows, cols, 'f32')
  for (const part of weight.parts) {
    const own = values.subarray(part.firstRow * cols, (part.firstRow + part.rows) * cols)
    upload(gpu, { buffer: part.weight, shape: [part.rows, cols], type: 'f32' }, own)
  }
  return weight
}

/** The buffers of tensors and of weights in f32. */
export const buffersOf = (...operands: (Tensor | Weight)[]): GPUBuffer[] =>
  operands.flatMap((operand) => ('parts' in operand ? operand.parts.map(({ weight }) => weight) : [operand.buffer]))
