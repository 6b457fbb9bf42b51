import { describe, expect, it } from 'vitest'
import { execute, stateTensor } from '../tensor/execute.ts'
import { checkOp } from '../testing/checkOp.ts'
import { testGpu } from '../testing/testGpu.ts'
import { sumRows } from './sumRows.ts'

describe('sumRows', () => {
  checkOp('sumRows', {
    cases: [
      { rows: 1, width: 1 },
      { rows: 3, width: 7 },
      { rows: 64, width: 100 },
      { rows: 2, width: 1152 },
    ],
    inputs: ({ rows, width }) => ({ x: { shape: [rows, width], activation: true }, before: { shape: [width] } }),
    run: (pass, { x, before }, { width }) => {
      const into = pass.scratch([width])
      pass.copy(before!, into)
      sumRows(pass, { x: x!, into })
      return { into }
    },
    reference: ({ x, before }, { rows, width }) => ({
      into: before!.map((value, c) =>
        Array.from({ length: rows }, (_, r) => x![r * width + c]!).reduce((a, b) => a + b, value),
      ),
    }),
  })

  it('names both widths', async () => {
    const gpu = await testGpu()
    const [x, into] = [stateTensor(gpu, 'x', [3, 48]), stateTensor(gpu, 'into', [40])]
    await expect(execute(gpu, 'wrong', (pass) => sumRows(pass, { x, into }))).rejects.toThrow(
      'sumRows: x [3,48] has 48 columns, into [40] takes 40',
    )
  })
})
