import { describe, expect, it } from 'vitest'
import { executeAndRead, stateTensor, upload } from '../tensor/execute.ts'
import { checkOp } from '../testing/checkOp.ts'
import { testGpu } from '../testing/testGpu.ts'
import { gradNorm } from './gradNorm.ts'

const shapes: Record<string, number[][]> = {
  one: [[1]],
  odd: [[3, 7], [5]],
  several: [[64, 64], [100], [1], [1152]],
  large: [[1408, 1024], [33]],
}

/** The norm of tensors with these elements; what lies behind the elements in their buffers is NaN. */
async function normOf(...tensors: number[][]): Promise<number> {
  const gpu = await testGpu()
  const gradients = tensors.map((values) => {
    const tensor = stateTensor(gpu, 'gradient', [values.length])
    upload(gpu, tensor, new Float32Array(tensor.buffer.size / 4).fill(Number.NaN))
    upload(gpu, tensor, Float32Array.from(values))
    return tensor
  })
  const { norm } = await executeAndRead(gpu, 'gradNorm', (pass) => ({ norm: gradNorm(pass, gradients) }))
  return norm[0]!
}

describe('gradNorm', () => {
  checkOp('gradNorm', {
    cases: Object.keys(shapes).map((name) => ({ name })),
    inputs: ({ name }) => Object.fromEntries(shapes[name]!.map((shape, i) => [`x${i}`, { shape }])),
    run: (pass, tensors) => ({ norm: gradNorm(pass, Object.values(tensors)) }),
    reference: (arrays) => {
      const squares = Object.values(arrays).map((x) => x.reduce((sum, value) => sum + value * value, 0))
      return { norm: Float64Array.of(Math.sqrt(squares.reduce((a, b) => a + b))) }
    },
    activations: ['f32'],
    tolerance: { f32: 2e-6 },
  })

  it('reads no further than the elements', async () => {
    expect(await normOf([3], [0, 4, 0])).toBe(5)
  })

  it('is no number where an element is none, or too large for its square', async () => {
    expect(await normOf([1, 2], [3, Number.NaN])).toBeNaN()
    expect(await normOf([1, -Number.NaN, 2, 3, 4])).toBeNaN()
    expect(await normOf([Number.NEGATIVE_INFINITY], [1])).toBeNaN()
    expect(await normOf([1, 2, 3], [2e19])).toBeNaN()
    expect(await normOf([1.5e19], [1.5e19], [1.5e19])).toBeNaN()
  })

  it('is 0 for zeros', async () => {
    expect(await normOf([0, 0], [0])).toBe(0)
  })
})
