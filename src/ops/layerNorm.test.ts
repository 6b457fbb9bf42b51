import { describe } from 'vitest'
import { checkGradients } from '../testing/checkGradients.ts'
import { checkOp, type OpCheck } from '../testing/checkOp.ts'
import { hardNumbers } from '../testing/hardNumbers.ts'
import { layerNorm } from './layerNorm.ts'

interface Case {
  [name: string]: number
  rows: number
  width: number
  eps: number
}

/** A row of one element has no gradient, and one of zeros with a small eps a very large one. */
const cases: Case[] = [
  { rows: 1, width: 1, eps: 1e-5 },
  { rows: 3, width: 7, eps: 1e-5 },
  { rows: 2, width: 190, eps: 1e-5 },
  { rows: 64, width: 64, eps: 1e-5 },
  { rows: 2, width: 100, eps: 1e-5 },
  { rows: 5, width: 1152, eps: 1e-5 },
]

const check: Pick<OpCheck<Case>, 'inputs' | 'run' | 'reference'> = {
  inputs: ({ rows, width }) => ({
    x: { shape: [rows, width], activation: true },
    gain: { shape: [width] },
    bias: { shape: [width] },
  }),
  run: (pass, { x, gain, bias }, { eps }) => ({
    y: layerNorm(pass, { x: x!, gain: gain!, bias: bias! }, { eps }),
  }),
  reference: ({ x, gain, bias }, { rows, width, eps }) => {
    const y = new Float64Array(rows * width)
    for (let r = 0; r < rows; r++) {
      const row = x!.subarray(r * width, (r + 1) * width)
      const mean = row.reduce((sum, value) => sum + value, 0) / width
      const variance = row.reduce((sum, value) => sum + (value - mean) ** 2, 0) / width
      for (let i = 0; i < width; i++)
        y[r * width + i] = ((row[i]! - mean) / Math.sqrt(variance + eps)) * gain![i]! + bias![i]!
    }
    return { y }
  },
}

const shifted = {
  cases: [{ rows: 4, width: 192, eps: 1e-5 }],
  hardness: ['mixed' as const],
  activations: ['f32' as const],
  values: { x: (count: number) => hardNumbers(count, 'mixed', 7).map((value) => 1000 + value) },
  tolerance: { f32: 2e-4 },
}

describe('layerNorm', () => {
  checkOp('layerNorm', { ...check, cases, peak: 200 })
  checkOp('layerNorm with a mean of 1000', { ...check, ...shifted })

  const gradients = {
    ...check,
    run: (...args: Parameters<typeof check.run>) => check.run(...args).y!,
    wrt: ['x'],
    parameters: ['gain', 'bias'],
  }
  checkGradients('layerNorm', { ...gradients, cases, peak: 200 })
  checkGradients('layerNorm with a mean of 1000', { ...gradients, ...shifted })
})
