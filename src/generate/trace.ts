import type { Trace } from '../api.ts'
import { BeagleError } from '../errors.ts'
import type { Gpu } from '../gpu/device.ts'
import { allLogits, encode, type LmmWeights, read } from '../models/lmm.ts'
import { endsOf, featureShape } from '../models/projectors/ends.ts'
import { concat } from '../tensor/concat.ts'
import { executeAndRead } from '../tensor/execute.ts'
import type { Tensor } from '../tensor/tensor.ts'
import type { Decoding } from './decoding.ts'
import type { EncodedPrompt, PromptTools } from './prompt.ts'
import { projectSeen } from './seenImage.ts'
import type { Vision } from './vision.ts'

/** Runs a prompt once, from an empty cache, and reads back every stage of the way: see `Model.trace`. */
export async function trace(
  gpu: Gpu,
  weights: LmmWeights,
  config: PromptTools['config'],
  { decoding, vision }: { decoding: Decoding; vision?: Vision },
  prompt: EncodedPrompt,
): Promise<Trace> {
  const tensors: Trace['tensors'] = { input_ids: { shape: [1, prompt.ids.length], data: Int32Array.from(prompt.ids) } }
  const visual: Float32Array[] = []
  if (config.kind === 'llava') {
    const stages: Record<'pixel_values' | 'features' | 'visual_tokens', { shape: number[]; parts: Float32Array[] }> = {
      pixel_values: { shape: [], parts: [] },
      features: { shape: [], parts: [] },
      visual_tokens: { shape: [], parts: [] },
    }
    if (prompt.images.length > 0) await vision!.wake()
    for (const image of prompt.images) {
      const { values, shape } = await vision!.pixels(image)
      const run = await executeAndRead(gpu, 'trace image', (pass) => {
        const pixels = pass.scratch(shape)
        gpu.device.queue.writeBuffer(pixels.buffer, 0, values)
        const features = encode(pass, weights, config, pixels)
        const { instruction } = image
        return { features, visual_tokens: projectSeen(pass, weights.projector!, { features, instruction }) }
      })
      visual.push(run.visual_tokens as Float32Array)
      stages.pixel_values.parts.push(values)
      stages.pixel_values.shape = shape.slice(1)
      stages.features.parts.push(run.features as Float32Array)
      stages.features.shape = [...featureShape(endsOf(config))]
      stages.visual_tokens.parts.push(run.visual_tokens as Float32Array)
      stages.visual_tokens.shape = [run.visual_tokens!.length / config.text.hidden, config.text.hidden]
    }
    for (const [name, { shape, parts }] of Object.entries(stages)) {
      if (parts.length > 0) tensors[name] = { shape: [parts.length, ...shape], data: concat(parts) }
    }
  }
  const { logits } = await executeAndRead(gpu, 'trace prompt', (pass) => {
    const images = visual.map((values): Tensor => {
      const tensor = pass.scratch([values.length / config.text.hidden, config.text.hidden])
      gpu.device.queue.writeBuffer(tensor.buffer, 0, values as Float32Array<ArrayBuffer>)
      return tensor
    })
    decoding.begin(0)
    const x = read(
      pass,
      weights,
      config,
      decoding.state,
      decoding.promptOf(pass, prompt.ids, 0, prompt.ids.length, images),
    )
    return { logits: allLogits(pass, weights, config, x) }
  })
  if (logits.some((value) => Number.isNaN(value))) {
    throw new BeagleError('wrong-result', 'The logits are not numbers. Try f32 weights, or another browser or driver.')
  }
  tensors.logits = { shape: [1, prompt.ids.length, config.text.vocab], data: logits as Float32Array }
  return { inputIds: prompt.ids, tensors }
}
