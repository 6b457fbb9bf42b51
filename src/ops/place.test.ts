import { describe } from 'vitest'
import { checkOp } from '../testing/checkOp.ts'
import { place } from './place.ts'

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
    reference: ({ x, into }, { rows, width, fromRow, toRow, toColumn }) => {
      const y = Float64Array.from(into!)
      for (let r = 0; r < rows; r++) {
        for (let i = 0; i < width; i++)
          y[(toRow + r) * (toColumn + width + 2) + toColumn + i] = x![(fromRow + r) * width + i]!
      }
      return { into: y }
    },
  })
})
