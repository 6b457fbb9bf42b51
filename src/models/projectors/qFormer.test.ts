import { describe, expect, it } from 'vitest'
import { Fields } from '../../checkpoint/configFields.ts'
import type { QFormerConfig } from '../../checkpoint/configTypes.ts'
import { readProjectorConfig } from '../../checkpoint/projectorConfig.ts'
import { stateTensor } from '../../tensor/execute.ts'
import { Pass } from '../../tensor/pass.ts'
import { checkProjectorGolden, projectorGoldenConfig } from '../../testing/projectorGolden.ts'
import { testGpu } from '../../testing/testGpu.ts'
import { type QFormerWeights, qFormer, qFormerSpec } from './qFormer.ts'

const goldens = {
  'q-former': { positions: 36, levels: 1, features: 32, width: 48 },
  'q-former-asked': { positions: 5, levels: 1, features: 20, width: 10 },
  'q-former-alone': { positions: 5, levels: 1, features: 20, width: 10 },
}
const configOf = async (name: string) =>
  readProjectorConfig(Fields.of(await projectorGoldenConfig(name), name)) as QFormerConfig

describe('the Q-Former', async () => {
  for (const [name, ends] of Object.entries(goldens)) {
    const config = await configOf(name)
    checkProjectorGolden(name, qFormerSpec('', ends, config), (pass, weights, x, { images, inputs }) =>
      qFormer(pass, weights, x, { images, config, instruction: inputs.instruction_ids }),
    )
  }

  it('refuses a question longer than its positions', async () => {
    const gpu = await testGpu()
    const config = await configOf('q-former-asked')
    const [queries, features] = [stateTensor(gpu, 'queries', [1, 3, 12]), stateTensor(gpu, 'features', [5, 20])]
    const instruction = stateTensor(gpu, 'instruction', [7], 'u32')
    const weights = { queries } as QFormerWeights
    const run = () => qFormer(new Pass(gpu, 'long'), weights, features, { images: 1, config, instruction })
    expect(run).toThrow('The question has 7 tokens for the Q-Former, which reads at most 6.')
  })
})
