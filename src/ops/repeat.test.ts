import { describe, expect, it } from 'vitest'
import { executeAndRead, stateTensor } from '../tensor/execute.ts'
import type { Pass } from '../tensor/pass.ts'
import type { Tensor } from '../tensor/tensor.ts'
import { checkGradients } from '../testing/checkGradients.ts'
import { type Arrays, checkOp } from '../testing/checkOp.ts'
import { testGpu } from '../testing/testGpu.ts'
import { addRepeated, appendRepeated, repeatRows } from './repeat.ts'

const cases = [
  { times: 1, rows: 1, width: 1 },
  { times: 1, rows: 5, width: 8 },
  { times: 3, rows: 1, width: 7 },
  { times: 2, rows: 9, width: 5 },
  { times: 4, rows: 6, width: 100 },
  { times: 2, rows: 9, width: 64 },
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

describe('appendRepeated', () => {
  const check = {
    cases: cases.flatMap((c) => [
      { ...c, end: 1 },
      { ...c, end: 3 },
    ]),
    inputs: ({ times, rows, width, end }: Case & { end: number }) => ({
      x: { shape: [times * rows, width], activation: true },
      y: { shape: [1, end, width], activation: true },
    }),
    reference: ({ x, y }: Arrays, { times, rows, width }: Case) => {
      const front = rows * width
      const images = Array.from({ length: times }, (_, t) => [...x!.subarray(t * front, (t + 1) * front), ...y!])
      return { y: Float64Array.from(images.flat()) }
    },
    run: (pass: Pass, { x, y }: Record<string, Tensor>, { times }: Case) =>
      appendRepeated(pass, { x: x!, y: y! }, { images: times }),
  }
  checkOp('appendRepeated', {
    ...check,
    run: (pass, tensors, c) => ({ y: check.run(pass, tensors, c) }),
    tolerance: { f32: 0, f16: 0 },
  })
  checkGradients('appendRepeated', { ...check, wrt: ['x', 'y'] })

  it('refuses rows that are no whole number per image', async () => {
    const gpu = await testGpu()
    const [x, y] = [stateTensor(gpu, 'x', [7, 6]), stateTensor(gpu, 'y', [1, 2, 6])]
    const run = executeAndRead(gpu, 'append', (pass) => ({ z: appendRepeated(pass, { x, y }, { images: 2 }) }))
    await expect(run).rejects.toThrow('x [7,6] and y [1,2,6] do not make 2 images of equal rows')
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
