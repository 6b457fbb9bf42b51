import { describe, expect, it } from 'vitest'
import { executeAndRead, stateTensor, upload } from '../tensor/execute.ts'
import { activationReference } from '../testing/activations.ts'
import { checkOp } from '../testing/checkOp.ts'
import { testGpu } from '../testing/testGpu.ts'
import { type ActivationKind, activation, activationKinds } from './activation.ts'

const kinds = Object.keys(activationKinds) as ActivationKind[]

describe('activation', () => {
  checkOp('activation', {
    cases: kinds.flatMap((kind) => [
      { kind, rows: 1, width: 1 },
      { kind, rows: 3, width: 7 },
      { kind, rows: 5, width: 1152 },
    ]),
    inputs: ({ rows, width }) => ({ x: { shape: [rows, width], activation: true } }),
    run: (pass, { x }, { kind }) => ({ y: activation(pass, { x: x! }, { kind }) }),
    reference: ({ x }, { kind }) => ({ y: x!.map(activationReference[kind]) }),
    tolerance: { f32: 1e-6, f16: 1e-3 },
  })

  it.each(kinds)('%s is within 1e-6 of max(|x|, 0.001) from -12 to 12, and finite far out', async (kind) => {
    const gpu = await testGpu()
    const near = Float32Array.from({ length: 4801 }, (_, i) => (i - 2400) / 200)
    const values = Float32Array.of(...near, -1e30, -1e4, -100, 100, 1e4, 1e30)
    const x = stateTensor(gpu, 'x', [values.length])
    upload(gpu, x, values)
    const { y } = await executeAndRead(gpu, kind, (pass) => ({ y: activation(pass, { x }, { kind }) }))
    values.forEach((value, i) => {
      const want = value <= -100 && kind !== 'none' ? 0 : activationReference[kind](value)
      const error = Math.abs(y[i]! - want) / Math.max(Math.abs(value), 1e-3)
      expect(error, `${kind}(${value}) is ${y[i]}, should be ${want}`).toBeLessThan(1e-6)
    })
  })
})
