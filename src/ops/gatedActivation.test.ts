import { describe } from 'vitest'
import { activationReference } from '../testing/activations.ts'
import { checkGradients } from '../testing/checkGradients.ts'
import { type Arrays, checkOp } from '../testing/checkOp.ts'
import { gatedActivation } from './gatedActivation.ts'

const cases = (['silu', 'gelu'] as const).flatMap((kind) => [
  { kind, rows: 1, width: 1 },
  { kind, rows: 3, width: 7 },
  { kind, rows: 64, width: 100 },
])

const inputs = ({ rows, width }: (typeof cases)[0]) => ({ x: { shape: [rows, 2 * width], activation: true } })

const reference = ({ x }: Arrays, { kind, rows, width }: (typeof cases)[0]) => ({
  y: new Float64Array(rows * width).map((_, i) => {
    const gate = i + Math.floor(i / width) * width
    return activationReference[kind](x![gate]!) * x![gate + width]!
  }),
})

describe('gatedActivation', () => {
  checkOp('gatedActivation', {
    cases,
    inputs,
    run: (pass, { x }, { kind }) => ({ y: gatedActivation(pass, { x: x! }, { kind }) }),
    reference,
    tolerance: { f32: 2e-6, f16: 1e-3 },
    peak: 1e4,
  })

  checkGradients('gatedActivation', {
    cases,
    inputs,
    run: (pass, { x }, { kind }) => gatedActivation(pass, { x: x! }, { kind }),
    reference,
    wrt: ['x'],
    peak: 1e4,
  })
})
