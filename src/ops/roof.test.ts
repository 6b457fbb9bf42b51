import { describe } from 'vitest'
import { checkOp } from '../testing/checkOp.ts'
import { copy, multiplyAdd } from './roof.ts'

describe('roof', () => {
  checkOp('multiplyAdd', {
    cases: [{ invocations: 70, rounds: 3 }],
    activations: ['f32'],
    hardness: ['mixed'],
    inputs: () => ({ x: { shape: [4] } }),
    values: { x: () => Float32Array.of(0.875, 0.25, 0, 0) },
    run: (pass, { x }, shape) => ({ y: multiplyAdd(pass, { x: x! }, shape) }),
    reference: ({ x }, { invocations, rounds }) => {
      const chain = (start: number) => {
        let a = start
        for (let i = 0; i < 8 * rounds; i++) a = a * x![0]! + x![1]!
        return a
      }
      const y = Float64Array.from(
        { length: 4 * invocations },
        (_, i) => chain((i >> 2) + (i & 3)) + chain((i >> 2) + (i & 3) + 4),
      )
      return { y }
    },
  })

  checkOp('copy', {
    cases: [{ count: 4 }, { count: 4 * 5000 }],
    activations: ['f32'],
    inputs: ({ count }) => ({ x: { shape: [count] } }),
    run: (pass, { x }) => ({ y: copy(pass, { x: x! }) }),
    reference: ({ x }) => ({ y: x! }),
  })
})
