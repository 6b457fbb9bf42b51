import { describe } from 'vitest'
import { checkOp } from '../testing/checkOp.ts'
import { rmsNorm } from './rmsNorm.ts'

describe('rmsNorm', () => {
  checkOp('rmsNorm', {
    cases: [
      { rows: 1, width: 1 },
      { rows: 3, width: 7 },
      { rows: 64, width: 64 },
      { rows: 2, width: 100 },
      { rows: 5, width: 1152 },
    ],
    inputs: ({ rows, width }) => ({ x: { shape: [rows, width], activation: true }, gain: { shape: [width] } }),
    run: (pass, { x, gain }) => ({ y: rmsNorm(pass, { x: x!, gain: gain! }, { eps: 1e-5 }) }),
    reference: ({ x, gain }, { rows, width }) => {
      const y = new Float64Array(rows * width)
      for (let r = 0; r < rows; r++) {
        let squares = 0
        for (let i = 0; i < width; i++) squares += x![r * width + i]! ** 2
        for (let i = 0; i < width; i++)
          y[r * width + i] = (x![r * width + i]! * gain![i]!) / Math.sqrt(squares / width + 1e-5)
      }
      return { y }
    },
    peak: 200,
  })
})
