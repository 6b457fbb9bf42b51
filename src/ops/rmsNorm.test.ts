import { describe } from 'vitest'
import { checkGradients } from '../testing/checkGradients.ts'
import { type Arrays, checkOp } from '../testing/checkOp.ts'
import { rmsNorm } from './rmsNorm.ts'

/** A row of one element has next to no gradient where eps is small: it would be a difference of rounding errors. */
const cases = [
  { rows: 1, width: 1, eps: 1e4 },
  { rows: 3, width: 7, eps: 1e-5 },
  { rows: 2, width: 190, eps: 1e-5 },
  { rows: 64, width: 64, eps: 1e-5 },
  { rows: 2, width: 100, eps: 1e-5 },
  { rows: 5, width: 1152, eps: 1e-5 },
]

const inputs = ({ rows, width }: (typeof cases)[0]) => ({
  x: { shape: [rows, width], activation: true },
  gain: { shape: [width] },
})

const reference = ({ x, gain }: Arrays, { rows, width, eps }: (typeof cases)[0]) => {
  const y = new Float64Array(rows * width)
  for (let r = 0; r < rows; r++) {
    let squares = 0
    for (let i = 0; i < width; i++) squares += x![r * width + i]! ** 2
    for (let i = 0; i < width; i++)
      y[r * width + i] = (x![r * width + i]! * gain![i]!) / Math.sqrt(squares / width + eps)
  }
  return { y }
}

describe('rmsNorm', () => {
  checkOp('rmsNorm', {
    cases,
    inputs,
    run: (pass, { x, gain }, { eps }) => ({ y: rmsNorm(pass, { x: x!, gain: gain! }, { eps }) }),
    reference,
    peak: 200,
  })

  checkGradients('rmsNorm', {
    cases,
    inputs,
    run: (pass, { x, gain }, { eps }) => rmsNorm(pass, { x: x!, gain: gain! }, { eps }),
    reference,
    wrt: ['x'],
    parameters: ['gain'],
    peak: 200,
  })
})
