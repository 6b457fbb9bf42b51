import { describe } from 'vitest'
import type { QFormerConfig } from '../../checkpoint/configTypes.ts'
import { checkProjectorGolden } from '../../testing/projectorGolden.ts'
import { qFormer, qFormerSpec } from './qFormer.ts'

const ends = { positions: 36, levels: 1, features: 32, width: 48 }
const config: QFormerConfig = {
  type: 'q-former',
  tokens: 8,
  hidden: 48,
  layers: 3,
  heads: 4,
  ffn: 96,
  vocab: 100,
  maxPositions: 32,
  crossEvery: 2,
  eps: 1e-12,
  output: false,
}

describe('the Q-Former', () => {
  checkProjectorGolden('q-former', qFormerSpec('', ends, config), (pass, weights, x, { images, inputs }) =>
    qFormer(pass, weights, x, { images, config, instruction: inputs.instruction_ids }),
  )
})
