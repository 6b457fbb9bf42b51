import type { ModelConfig } from '../checkpoint/configTypes.ts'
import type { Gpu } from '../gpu/device.ts'
import { type LmmWeights, lastLogits, read, see } from '../models/lmm.ts'
import { prepare } from '../tensor/execute.ts'
import type { Session } from './session.ts'

/**
 * Compiles every kernel of a chat at once and records the decode step, so that the first question waits for nothing but its work.
 */
export async function warmUp(
  gpu: Gpu,
  weights: LmmWeights,
  config: ModelConfig,
  { decoding }: Session,
  onProgress: (done: number, total: number) => void,
): Promise<void> {
  const rows = 2
  const prompt = (pass: Parameters<Parameters<typeof prepare>[1][number]>[0]) => {
    const ids = pass.scratch([rows], 'u32')
    const eyes = config.kind === 'llava' ? config : undefined
    const visual = eyes && see(pass, weights, eyes, pass.scratch([1, 3, eyes.vision.image, eyes.vision.image]))
    const source = eyes && pass.scratch([rows], 'u32')
    lastLogits(pass, weights, config, read(pass, weights, config, decoding.state, { ids, visual, source }))
  }
  await prepare(gpu, [prompt], onProgress)
  await decoding.prepare()
}
