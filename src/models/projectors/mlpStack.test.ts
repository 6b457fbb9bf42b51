import { describe } from 'vitest'
import { checkProjectorGolden } from '../../testing/projectorGolden.ts'
import { mlpStack, mlpStackSpec } from './mlpStack.ts'

const ends = { positions: 36, levels: 1, features: 32, width: 64 }

describe('Honeybee’s MLP', () => {
  for (const [name, depth] of [
    ['linear', 1],
    ['mlp', 2],
  ] as const) {
    const config = { type: 'mlp', depth, act: 'silu' } as const
    checkProjectorGolden(name, mlpStackSpec('abstractor', ends, config), (pass, weights, x) =>
      mlpStack(pass, weights, x, config),
    )
  }
})
