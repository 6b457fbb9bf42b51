import type { ModelConfig } from '../checkpoint/configTypes.ts'
import type { Gpu } from '../gpu/device.ts'
import { type LmmWeights, lastLogits, read, see } from '../models/lmm.ts'
import { execute, prepare } from '../tensor/execute.ts'
import type { Pass } from '../tensor/pass.ts'
import type { Session } from './session.ts'

/**
 * Compiles every kernel of a chat at once, records the decode step, and runs both once on zeros, because some drivers finish
 * compiling only at the first run: the first question then waits for its own work alone.
 */
export async function warmUp(
  gpu: Gpu,
  weights: LmmWeights,
  config: ModelConfig,
  { decoding }: Session,
  onProgress: (done: number, total: number) => void,
): Promise<void> {
  const eyes = config.kind === 'llava' ? config : undefined
  const prompt = (pass: Pass) => {
    const ids = pass.scratch([2], 'u32')
    const source = pass.scratch([2], 'u32')
    const pixels = eyes && pass.scratch([1, 3, eyes.vision.image, eyes.vision.image])
    for (const tensor of [ids, source, ...(pixels ? [pixels] : [])]) {
      gpu.device.queue.writeBuffer(tensor.buffer, 0, new Uint8Array(tensor.buffer.size))
    }
    const visual = eyes && see(pass, weights, eyes, pixels!)
    const logits = lastLogits(
      pass,
      weights,
      config,
      read(pass, weights, config, decoding.state, { ids, visual, source }),
    )
    decoding.sampleFrom(pass, logits, 2)
  }
  await prepare(gpu, [prompt], onProgress)
  await execute(gpu, 'warm up', prompt)
  await decoding.decode()
}
