import { describe } from 'vitest'
import { checkGradients } from '../testing/checkGradients.ts'
import { type Arrays, checkOp, type OpCase } from '../testing/checkOp.ts'
import { place } from './place.ts'

interface Case extends OpCase {
  rows: number
  width: number
  fromRow: number
  toRow: number
  toColumn: number
}

function placed({ x, into }: Arrays, { rows, width, fromRow, toRow, toColumn }: Case): Float64Array {
  const y = Float64Array.from(into!)
  for (let r = 0; r < rows; r++) {
    for (let i = 0; i < width; i++)
      y[(toRow + r) * (toColumn + width + 2) + toColumn + i] = x![(fromRow + r) * width + i]!
  }
  return y
}

describe('place', () => {
  checkOp('place', {
    cases: [
      { rows: 3, width: 7, fromRow: 1, toRow: 2, toColumn: 3 },
      { rows: 1, width: 1, fromRow: 0, toRow: 0, toColumn: 0 },
      { rows: 64, width: 100, fromRow: 1, toRow: 0, toColumn: 1 },
    ],
    inputs: ({ rows, width, fromRow, toRow, toColumn }) => ({
      x: { shape: [fromRow + rows, width], activation: true },
      into: { shape: [toRow + rows + 1, toColumn + width + 2], activation: true },
    }),
    run: (pass, { x, into }, { rows, fromRow, toRow, toColumn }) => {
      place(pass, { x: x!, into: into! }, { fromRow, rows, toRow, toColumn })
      return { into: into! }
    },
    reference: (arrays, c) => ({ into: placed(arrays, c) }),
  })

  checkGradients('place', {
    cases: [
      { rows: 3, width: 7, fromRow: 1, toRow: 2, toColumn: 3 },
      { rows: 1, width: 1, fromRow: 0, toRow: 0, toColumn: 0 },
      { rows: 2, width: 100, fromRow: 1, toRow: 0, toColumn: 1 },
    ],
    inputs: ({ rows, width, fromRow, toRow, toColumn }) => ({
      x: { shape: [fromRow + rows + 1, width], activation: true },
      into: { shape: [toRow + rows + 1, toColumn + width + 2], activation: true },
    }),
    run: (pass, { x, into }, { rows, fromRow, toRow, toColumn }) => {
      place(pass, { x: x!, into: into! }, { fromRow, rows, toRow, toColumn })
      return into!
    },
    reference: (arrays, c) => ({ y: placed(arrays, c) }),
    wrt: ['x', 'into'],
  })

  checkGradients('place, twice into the same', {
    cases: [{ width: 1 }, { width: 7 }, { width: 64 }],
    inputs: ({ width }) => ({
      a: { shape: [3, width], activation: true },
      b: { shape: [3, 2], activation: true },
    }),
    run: (pass, { a, b }, { width }) => {
      const into = pass.scratch([3, width + 2], a!.type)
      place(pass, { x: a!, into })
      place(pass, { x: b!, into }, { toColumn: width })
      return into
    },
    reference: ({ a, b }, { width }) => ({
      y: Float64Array.from(
        [0, 1, 2].flatMap((r) => [...a!.subarray(r * width, (r + 1) * width), ...b!.subarray(2 * r, 2 * r + 2)]),
      ),
    }),
    wrt: ['a', 'b'],
  })
})
