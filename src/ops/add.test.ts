import { describe, expect, it } from 'vitest'
import { executeAndRead, stateTensor } from '../tensor/execute.ts'
import { checkOp } from '../testing/checkOp.ts'
import { testGpu } from '../testing/testGpu.ts'
import { add } from './add.ts'

const shapes: Record<string, [x: number[], y: number[]]> = {
  one: [[1], [1]],
  odd: [
    [3, 7],
    [3, 7],
  ],
  row: [[5, 100], [100]],
  batch: [
    [2, 9, 64],
    [9, 64],
  ],
}

describe('add', () => {
  checkOp('add', {
    cases: Object.keys(shapes).map((name) => ({ name })),
    inputs: ({ name }) => ({
      x: { shape: shapes[name]![0], activation: true },
      y: { shape: shapes[name]![1], activation: true },
    }),
    run: (pass, { x, y }) => ({ z: add(pass, { x: x!, y: y! }) }),
    reference: ({ x, y }) => ({ z: x!.map((value, i) => value + y![i % y!.length]!) }),
    tolerance: { f32: 1e-6, f16: 1e-3 },
  })

  it('refuses a y that is not of the last axes', async () => {
    const gpu = await testGpu()
    const [x, y] = [stateTensor(gpu, 'x', [4, 6]), stateTensor(gpu, 'y', [4])]
    const run = executeAndRead(gpu, 'add', (pass) => ({ z: add(pass, { x, y }) }))
    await expect(run).rejects.toThrow("y [4] is neither of x's shape [4,6] nor of its last axes")
  })
})
