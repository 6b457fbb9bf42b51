import { describe } from 'vitest'
import { checkGradients } from '../testing/checkGradients.ts'
import { type Arrays, checkOp } from '../testing/checkOp.ts'
import { softmax } from './softmax.ts'

const cases = [
  { rows: 1, width: 1 },
  { rows: 3, width: 7 },
  { rows: 100, width: 4 },
  { rows: 70, width: 64 },
]

const inputs = ({ rows, width }: (typeof cases)[0]) => ({ x: { shape: [rows, width], activation: true } })

const reference = ({ x }: Arrays, { rows, width }: (typeof cases)[0]) => {
  const y = new Float64Array(rows * width)
  for (let r = 0; r < rows; r++) {
    const group = x!.subarray(r * width, (r + 1) * width)
    const largest = Math.max(...group)
    const exps = group.map((value) => Math.exp(value - largest))
    const sum = exps.reduce((a, b) => a + b)
    y.set(
      exps.map((value) => value / sum),
      r * width,
    )
  }
  return { y }
}

describe('softmax', () => {
  checkOp('softmax', {
    cases,
    inputs,
    run: (pass, { x }, { width }) => ({ y: softmax(pass, { x: x! }, { width }) }),
    reference,
  })

  checkGradients('softmax', {
    cases,
    inputs,
    run: (pass, { x }, { width }) => softmax(pass, { x: x! }, { width }),
    reference,
    wrt: ['x'],
    peak: 10,
  })
})
