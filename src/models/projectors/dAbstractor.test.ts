import { describe } from 'vitest'
import { Fields } from '../../checkpoint/configFields.ts'
import type { DAbstractorConfig } from '../../checkpoint/configTypes.ts'
import { readProjectorConfig } from '../../checkpoint/projectorConfig.ts'
import { checkProjectorGolden, projectorGoldenConfig } from '../../testing/projectorGolden.ts'
import { dAbstractor, dAbstractorSpec } from './dAbstractor.ts'

const goldens = {
  'd-abs': { positions: 36, levels: 1, features: 48, width: 64 },
}

describe('the D-Abstractor', async () => {
  for (const [name, ends] of Object.entries(goldens)) {
    const config = readProjectorConfig(Fields.of(await projectorGoldenConfig(name), name)) as DAbstractorConfig
    checkProjectorGolden(name, dAbstractorSpec('abstractor', ends, config), (pass, weights, x, { images }) =>
      dAbstractor(pass, weights, x, { images, ends, config }),
    )
  }
})
