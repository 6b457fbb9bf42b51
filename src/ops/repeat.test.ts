import { describe, expect, it } from 'vitest'
import { executeAndRead, stateTensor } from '../tensor/execute.ts'
import { checkGradients } from '../testing/checkGradients.ts'
import { type Arrays, checkOp } from '../testing/checkOp.ts'
import { testGpu } from '../testing/testGpu.ts'
import { addRepeated, repeatRows } from './repeat.ts'

const cases = [
  { times: 1, rows: 1, width: 1 },
  { times: 1, rows: 5, width: 8 },
  { times: 3, rows: 1, width: 7 },
  { times: 2, rows: 9, width: 5 },
  { times: 4, rows: 6, width: 100 },
  { times: 2, rows: 36, width: 192 },
]
type Case = (typeof cases)[0]

describe('addRepeated', () => {
  const check = {
    cases,
    inputs: ({ times, rows, width }: Case) => ({
      x: { shape: [times * rows, width], activation: true },
      y: { shape: [1, rows, width], activation: true },
    }),
    reference: ({ x, y }: Arrays) => ({ y: x!.map((value, i) => value + y![i % y!.length]!) }),
  }
  checkOp('addRepeated', {
    ...check,
    run: (pass, { x, y }) => ({ y: addRepeated(pass, { x: x!, y: y! }) }),
    tolerance: { f32: 1e-6, f16: 1e-3 },
  })
  checkGradients('addRepeated', {
    ...check,
    run: (pass, { x, y }) => addRepeated(pass, { x: x!, y: y! }),
    wrt: ['x', 'y'],
  })
  checkGradients('addRepeated to a parameter', {
    ...check,
    run: (pass, { x, y }) => addRepeated(pass, { x: x!, y: y! }),
    wrt: ['x'],
    parameters: ['y'],
    activations: ['f32'],
  })

  it('refuses a y that does not divide x', async () => {
    const gpu = await testGpu()
    const [x, y] = [stateTensor(gpu, 'x', [7, 6]), stateTensor(gpu, 'y', [1, 2, 6])]
    const run = executeAndRead(gpu, 'addRepeated', (pass) => ({ z: addRepeated(pass, { x, y }) }))
    await expect(run).rejects.toThrow('x [7,6] is no whole number of images of y [1,2,6]')
  })
})

describe('repeatRows', () => {
  const check = {
    cases,
    inputs: ({ rows, width }: Case) => ({ x: { shape: [1, rows, width], activation: true } }),
    reference: ({ x }: Arrays, { times }: Case) => ({
      y: Float64Array.from({ length: times * x!.length }, (_, i) => x![i % x!.length]!),
    }),
  }
  checkOp('repeatRows', {
    ...check,
    run: (pass, { x }, { times }) => ({ y: repeatRows(pass, { x: x! }, { times }) }),
    tolerance: { f32: 0, f16: 0 },
  })
  checkGradients('repeatRows', {
    ...check,
    run: (pass, { x }, { times }) => repeatRows(pass, { x: x! }, { times }),
    wrt: ['x'],
  })
  checkGradients('repeatRows of a parameter', {
    ...check,
    run: (pass, { x }, { times }) => repeatRows(pass, { x: x! }, { times }),
    wrt: [],
    parameters: ['x'],
    activations: ['f32'],
  })

  it('refuses to repeat rows no times', async () => {
    const gpu = await testGpu()
    const x = stateTensor(gpu, 'x', [7, 6])
    const run = executeAndRead(gpu, 'repeatRows', (pass) => ({ y: repeatRows(pass, { x }, { times: 0 }) }))
    await expect(run).rejects.toThrow('times must be a positive integer, found 0')
  })
})
