import { describe } from 'vitest'
import { checkOp } from '../testing/checkOp.ts'
import { hardNumbers } from '../testing/hardNumbers.ts'
import { layerNorm } from './layerNorm.ts'

const eps = 1e-5

const check = {
  inputs: ({ rows, width }: { rows: number; width: number }) => ({
    x: { shape: [rows, width], activation: true },
    gain: { shape: [width] },
    bias: { shape: [width] },
  }),
  run: (pass, { x, gain, bias }) => ({ y: layerNorm(pass, { x: x!, gain: gain!, bias: bias! }, { eps }) }),
  reference: ({ x, gain, bias }, { rows, width }) => {
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
} satisfies Partial<Parameters<typeof checkOp<{ rows: number; width: number }>>[1]>

describe('layerNorm', () => {
  checkOp('layerNorm', {
    ...check,
    cases: [
      { rows: 1, width: 1 },
      { rows: 3, width: 7 },
      { rows: 64, width: 64 },
      { rows: 2, width: 100 },
      { rows: 5, width: 1152 },
    ],
    peak: 200,
  })

  checkOp('layerNorm with a mean of 1000', {
    ...check,
    cases: [{ rows: 4, width: 192 }],
    hardness: ['mixed'],
    activations: ['f32'],
    values: { x: (count) => hardNumbers(count, 'mixed', 7).map((value) => 1000 + value) },
    tolerance: { f32: 2e-4 },
  })
})
