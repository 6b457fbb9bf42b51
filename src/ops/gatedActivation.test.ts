import { describe } from 'vitest'
import { activationReference } from '../testing/activations.ts'
import { checkOp } from '../testing/checkOp.ts'
import { gatedActivation } from './gatedActivation.ts'

describe('gatedActivation', () => {
  checkOp('gatedActivation', {
    cases: (['silu', 'gelu'] as const).flatMap((kind) => [
      { kind, rows: 1, width: 1 },
      { kind, rows: 3, width: 7 },
      { kind, rows: 64, width: 100 },
    ]),
    inputs: ({ rows, width }) => ({ x: { shape: [rows, 2 * width], activation: true } }),
    run: (pass, { x }, { kind }) => ({ y: gatedActivation(pass, { x: x! }, { kind }) }),
    reference: ({ x }, { kind, rows, width }) => ({
      y: new Float64Array(rows * width).map((_, i) => {
        const gate = i + Math.floor(i / width) * width
        return activationReference[kind](x![gate]!) * x![gate + width]!
      }),
    }),
    tolerance: { f32: 2e-6, f16: 1e-3 },
    peak: 1e4,
  })
})
