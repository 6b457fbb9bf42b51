import { expect, it } from 'vitest'
import { stateTensor } from '../tensor/execute.ts'
import type { Weight } from '../tensor/weight.ts'
import { testGpu } from '../testing/testGpu.ts'
import { releaseParameters, trainable } from './parameters.ts'

const gpu = await testGpu()

/** A matrix [rows, 40] in parts of so many rows. */
function matrix(...parts: number[]): Weight {
  const rows = parts.reduce((sum, count) => sum + count, 0)
  const part = (rows: number, i: number) => ({
    firstRow: parts.slice(0, i).reduce((sum, count) => sum + count, 0),
    rows,
    weight: stateTensor(gpu, 'part', [rows, 64]).buffer,
  })
  return { name: 'linear_1.weight', rows, cols: 40, storage: 'f32', parts: parts.map(part) }
}

it('gives a matrix a gradient and moments laid out like it', () => {
  const [parameter] = trainable(gpu, { weight: matrix(6) })
  for (const part of ['value', 'gradient', 'm', 'v'] as const) expect(parameter![part].shape).toEqual([6, 64])
  releaseParameters(gpu, [parameter!])
})

it('refuses a matrix that takes more than one binding, with both sizes', () => {
  const { created } = gpu.memory
  const weight = matrix(5, 1)
  expect(() => trainable(gpu, { bias: stateTensor(gpu, 'bias', [6]), weight })).toThrow(
    'linear_1.weight [6, 40] is trained as one buffer of 1536 bytes, but a binding of this device holds 1280 of them.',
  )
  expect(gpu.memory.created - created).toBe(3)
})
