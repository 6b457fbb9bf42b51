import { describe } from 'vitest'
import type { ResamplerConfig } from '../../checkpoint/configTypes.ts'
import { checkProjectorGolden } from '../../testing/projectorGolden.ts'
import { resampler, resamplerSpec } from './resampler.ts'

const ends = { positions: 36, levels: 1, features: 32, width: 64 }
const config: ResamplerConfig = {
  type: 'resampler',
  tokens: 9,
  hidden: 32,
  layers: 2,
  heads: 4,
  ffn: 88,
  eps: 1e-6,
  positions: false,
  endTokens: 0,
}

describe('the resampler', () => {
  checkProjectorGolden('resampler', resamplerSpec('abstractor', ends, config), (pass, weights, x, { images }) =>
    resampler(pass, weights, x, { images, config }),
  )
})
