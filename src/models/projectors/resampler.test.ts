import { describe } from 'vitest'
import { Fields } from '../../checkpoint/configFields.ts'
import type { ResamplerConfig } from '../../checkpoint/configTypes.ts'
import { readProjectorConfig } from '../../checkpoint/projectorConfig.ts'
import { checkProjectorGolden, projectorGoldenConfig } from '../../testing/projectorGolden.ts'
import { resampler, resamplerSpec } from './resampler.ts'

const goldens = {
  resampler: { positions: 36, levels: 1, features: 32, width: 64 },
  'resampler-ends': { positions: 9, levels: 1, features: 24, width: 20 },
}

describe('the resampler', async () => {
  for (const [name, ends] of Object.entries(goldens)) {
    const config = readProjectorConfig(Fields.of(await projectorGoldenConfig(name), name)) as ResamplerConfig
    checkProjectorGolden(name, resamplerSpec('abstractor', ends, config), (pass, weights, x, { images }) =>
      resampler(pass, weights, x, { images, config }),
    )
  }
})
