import { describe, expect, it } from 'vitest'
import type { Activation } from '../gpu/wgsl.ts'
import { executeAndRead, stateTensor } from '../tensor/execute.ts'
import { checkGradients } from '../testing/checkGradients.ts'
import { type Arrays, checkOp } from '../testing/checkOp.ts'
import { testGpu } from '../testing/testGpu.ts'
import { add, addTo } from './add.ts'

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

const inputs = ({ name }: { name: string }) => ({
  x: { shape: shapes[name]![0], activation: true },
  y: { shape: shapes[name]![1], activation: true },
})
const reference = ({ x, y }: Arrays) => ({ y: x!.map((value, i) => value + y![i % y!.length]!) })

describe('add', () => {
  checkOp('add', {
    cases: Object.keys(shapes).map((name) => ({ name })),
    inputs,
    run: (pass, { x, y }) => ({ y: add(pass, { x: x!, y: y! }) }),
    reference,
    tolerance: { f32: 1e-6, f16: 1e-3 },
  })

  for (const [names, activations] of [
    [
      ['one', 'odd'],
      ['f32', 'f16'],
    ],
    [['row', 'batch'], ['f32']],
  ] as [string[], Activation[]][]) {
    checkGradients('add', {
      cases: names.map((name) => ({ name })),
      inputs,
      run: (pass, { x, y }) => add(pass, { x: x!, y: y! }),
      reference,
      wrt: ['x', 'y'],
      activations,
    })
  }

  checkGradients('add to a parameter, and of a value to itself', {
    cases: Object.keys(shapes).map((name) => ({ name })),
    inputs,
    run: (pass, { x, y }) => add(pass, { x: add(pass, { x: x!, y: x! }), y: y! }),
    reference: ({ x, y }) => ({ y: x!.map((value, i) => 2 * value + y![i % y!.length]!) }),
    wrt: ['x'],
    parameters: ['y'],
    activations: ['f32'],
  })

  checkOp('addTo', {
    cases: [{ count: 1 }, { count: 21 }, { count: 1152 }],
    inputs: ({ count }) => ({ x: { shape: [count], activation: true }, into: { shape: [count] } }),
    run: (pass, { x, into }) => {
      addTo(pass, { x: x!, into: into! })
      return { into: into! }
    },
    reference: ({ x, into }) => ({ into: x!.map((value, i) => value + into![i]!) }),
    tolerance: { f32: 1e-6, f16: 1e-6 },
  })

  it('refuses to add to a tensor of another size', async () => {
    const gpu = await testGpu()
    const [x, into] = [stateTensor(gpu, 'x', [4, 6]), stateTensor(gpu, 'into', [4])]
    const run = executeAndRead(gpu, 'addTo', (pass) => {
      addTo(pass, { x, into })
      return { into }
    })
    await expect(run).rejects.toThrow('into must be f32 with the 24 elements of x [4,6], found f32 [4]')
  })

  it('refuses a y that is not of the last axes', async () => {
    const gpu = await testGpu()
    const [x, y] = [stateTensor(gpu, 'x', [4, 6]), stateTensor(gpu, 'y', [4])]
    const run = executeAndRead(gpu, 'add', (pass) => ({ z: add(pass, { x, y }) }))
    await expect(run).rejects.toThrow("y [4] is neither of x's shape [4,6] nor of its last axes")
  })
})
