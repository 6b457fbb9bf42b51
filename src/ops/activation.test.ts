import { describe, expect, it } from 'vitest'
import { executeAndRead, stateTensor, upload } from '../tensor/execute.ts'
import { activationReference } from '../testing/activations.ts'
import { checkGradients } from '../testing/checkGradients.ts'
import { type Arrays, checkOp } from '../testing/checkOp.ts'
import { allHardness, type Hardness } from '../testing/hardNumbers.ts'
import { testGpu } from '../testing/testGpu.ts'
import { type ActivationKind, activation, activationGradient, activationKinds } from './activation.ts'

const kinds = Object.keys(activationKinds) as ActivationKind[]

const cases = kinds.flatMap((kind) => [
  { kind, rows: 1, width: 1 },
  { kind, rows: 3, width: 7 },
  { kind, rows: 5, width: 1152 },
])
const inputs = ({ rows, width }: (typeof cases)[0]) => ({ x: { shape: [rows, width], activation: true } })
const reference = ({ x }: Arrays, { kind }: (typeof cases)[0]) => ({ y: x!.map(activationReference[kind]) })

describe('activation', () => {
  checkOp('activation', {
    cases,
    inputs,
    run: (pass, { x }, { kind }) => ({ y: activation(pass, { x: x! }, { kind }) }),
    reference,
    tolerance: { f32: 1e-6, f16: 1e-3 },
  })

  for (const [of, hardness] of [
    [kinds.filter((kind) => kind !== 'relu'), allHardness],
    [['relu'], ['mixed', 'negative', 'large']],
  ] as [ActivationKind[], Hardness[]][]) {
    checkGradients('activation', {
      cases: cases.filter(({ kind }) => of.includes(kind)),
      inputs,
      run: (pass, { x }, { kind }) => activation(pass, { x: x! }, { kind }),
      reference,
      wrt: ['x'],
      hardness,
    })
  }

  it.each(kinds)('%s has the slope of its differences from -12 to 12, and that of a line far out', async (kind) => {
    const gpu = await testGpu()
    const near = Float32Array.from({ length: 2400 }, (_, i) => (i - 1199.5) / 100)
    const far = Float32Array.of(-1e30, -1e4, -100, 100, 1e4, 1e30)
    const x = stateTensor(gpu, 'x', [near.length + far.length])
    const dy = stateTensor(gpu, 'dy', x.shape)
    upload(gpu, x, Float32Array.of(...near, ...far))
    upload(gpu, dy, new Float32Array(near.length + far.length).fill(-2))
    const { dx } = await executeAndRead(gpu, kind, (pass) => ({ dx: activationGradient(pass, { x, dy }, { kind }) }))
    const f = activationReference[kind]
    near.forEach((value, i) => {
      const want = (f(value + 1e-5) - f(value - 1e-5)) / 2e-5
      expect(Math.abs(dx[i]! / -2 - want), `${kind} at ${value} has ${dx[i]! / -2}, should be ${want}`).toBeLessThan(
        2e-6,
      )
    })
    const [low, high] = [kind === 'none' ? 1 : 0, kind === 'sigmoid' ? 0 : 1]
    const found = Array.from(dx.slice(near.length), (value) => value / -2)
    expect(found.map((value) => Math.round(1e6 * value) / 1e6 + 0)).toEqual([low, low, low, high, high, high])
  })

  it.each(kinds)('%s is within 1e-6 of max(|x|, |y|, 0.001) from -12 to 12, and finite far out', async (kind) => {
    const gpu = await testGpu()
    const near = Float32Array.from({ length: 4801 }, (_, i) => (i - 2400) / 200)
    const values = Float32Array.of(...near, -1e30, -1e4, -100, 100, 1e4, 1e30)
    const x = stateTensor(gpu, 'x', [values.length])
    upload(gpu, x, values)
    const { y } = await executeAndRead(gpu, kind, (pass) => ({ y: activation(pass, { x }, { kind }) }))
    values.forEach((value, i) => {
      const want = value <= -100 && kind !== 'none' ? 0 : activationReference[kind](value)
      const error = Math.abs(y[i]! - want) / Math.max(Math.abs(value), Math.abs(want), 1e-3)
      expect(error, `${kind}(${value}) is ${y[i]}, should be ${want}`).toBeLessThan(1e-6)
    })
  })
})
