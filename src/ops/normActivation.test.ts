import { describe, expect, it } from 'vitest'
import { executeAndRead, stateTensor } from '../tensor/execute.ts'
import type { Pass } from '../tensor/pass.ts'
import type { Tensor } from '../tensor/tensor.ts'
import { activationReference } from '../testing/activations.ts'
import { checkGradients } from '../testing/checkGradients.ts'
import { type Arrays, checkOp } from '../testing/checkOp.ts'
import { plannedForGpu } from '../testing/plannedForGpu.ts'
import { testGpu } from '../testing/testGpu.ts'
import { normActivation } from './normActivation.ts'

const cases = [
  { rows: 1, width: 1, eps: 1e4, residual: false, kind: 'silu' as const },
  { rows: 3, width: 7, eps: 1e-5, residual: true, kind: 'silu' as const },
  { rows: 9, width: 64, eps: 1e-5, residual: false, kind: 'silu' as const },
  { rows: 21, width: 100, eps: 1e-5, residual: true, kind: 'silu' as const },
  { rows: 1, width: 132, eps: 1e-5, residual: true, kind: 'silu' as const },
  { rows: 2, width: 8, eps: 1e-5, residual: true, kind: 'none' as const },
]
type Case = (typeof cases)[0]

const check = {
  cases,
  inputs: ({ rows, width, residual }: Case) => ({
    x: { shape: [rows, width], activation: true },
    gain: { shape: [width] },
    bias: { shape: [width] },
    residual: { shape: residual ? [rows, width] : [1], activation: true },
  }),
  reference: ({ x, gain, bias, residual }: Arrays, { rows, width, eps, residual: more, kind }: Case) => {
    const y = new Float64Array(rows * width)
    for (let r = 0; r < rows; r++) {
      const row = x!.subarray(r * width, (r + 1) * width)
      const mean = row.reduce((sum, value) => sum + value, 0) / width
      const variance = row.reduce((sum, value) => sum + (value - mean) ** 2, 0) / width
      row.forEach((value, i) => {
        const n = (value - mean) / Math.sqrt(variance + eps)
        y[r * width + i] = activationReference[kind](n * gain![i]! + bias![i]! + (more ? residual![r * width + i]! : 0))
      })
    }
    return { y }
  },
  run: (pass: Pass, { x, gain, bias, residual }: Record<string, Tensor>, { eps, residual: more, kind }: Case) =>
    normActivation(pass, { x: x!, gain: gain!, bias: bias!, residual: more ? residual! : undefined }, { eps, kind }),
  peak: 100,
}
/** A row of one element has no gradient by x, but what f16 rounds away. */
const severalWide = cases.filter(({ width }) => width > 1)
const withResidual = cases.filter(({ residual }) => residual)

describe('normActivation', () => {
  checkOp('normActivation', { ...check, run: (pass, tensors, c) => ({ y: check.run(pass, tensors, c) }) })

  checkGradients('normActivation', { ...check, cases: severalWide, wrt: ['x'], parameters: ['gain', 'bias'], peak: 20 })
  checkGradients('normActivation with a residual', { ...check, cases: withResidual, wrt: ['residual'], peak: 20 })
  checkGradients('normActivation of a trained gain alone', { ...check, wrt: [], parameters: ['gain'], peak: 20 })
  checkGradients('normActivation of a trained bias alone', { ...check, wrt: [], parameters: ['bias'], peak: 20 })

  it('refuses a residual of another shape and a gain of another width', async () => {
    const gpu = await testGpu()
    const [x, gain, residual] = [
      stateTensor(gpu, 'x', [4, 6]),
      stateTensor(gpu, 'gain', [6]),
      stateTensor(gpu, 'residual', [3, 6]),
    ]
    const run = (inputs: { gain: Tensor; residual?: Tensor }) =>
      executeAndRead(gpu, 'normActivation', (pass) => ({
        y: normActivation(pass, { x, bias: gain, ...inputs }, { eps: 1e-5, kind: 'silu' }),
      }))
    await expect(run({ gain, residual })).rejects.toThrow('x is [4,6], the residual [3,6]')
    await expect(run({ gain: { ...gain, shape: [5] } })).rejects.toThrow('x [4,6] has rows of 6, gain has 5 and bias 6')
  })
})

describe('normActivation as on a GPU', () => {
  plannedForGpu()
  const several = { ...check, cases: cases.filter(({ width }) => width > 8), activations: ['f32' as const] }
  checkOp('normActivation', { ...several, run: (pass, tensors, c) => ({ y: check.run(pass, tensors, c) }) })
  checkGradients('normActivation', { ...several, wrt: ['x'], parameters: ['gain', 'bias'], peak: 20 })
})
