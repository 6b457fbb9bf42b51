import { describe, expect, it } from 'vitest'
import { load, type Trace } from '../index.ts'
import { floatToHalf } from '../tensor/half.ts'
import { expectClose } from '../testing/checkOp.ts'
import { goldenFiles, goldenTensors, type RawTensors } from '../testing/goldenFiles.ts'
import { asks, goldenJson } from '../testing/models.ts'

const name = 'llava-clip-llama'
const config = goldenJson<Record<string, unknown>>(`${name}/config.json`)
const tensors = await goldenTensors(name)
const [features, width, patches] = [48, 64, 16]

/** A trace of the golden's first question by the golden with another config or other tensors, in f32. */
async function traced(change: { config?: object; tensors?: RawTensors } = {}): Promise<Trace['tensors']> {
  const files = goldenFiles(name, {
    'config.json': { json: { ...config, ...change.config } },
    'model.safetensors': { tensors: { ...tensors, ...change.tensors } },
  })
  const model = await load({ kind: 'files', files }, { weights: 'f32' })
  const trace = await model.trace([asks('What is shown in this image?', `${name}/image0.png`)])
  model.dispose()
  return trace.tensors
}

const values = (data: Uint8Array) => new Float32Array(data.buffer)
const raw = (shape: number[], data: Float32Array<ArrayBuffer>): RawTensors[string] => ({
  ...{ shape, dtype: 'F32' },
  data: new Uint8Array(data.buffer),
})

describe('a checkpoint', async () => {
  const plain = await traced()

  it('may select several feature layers, which stand side by side', async () => {
    const first = values(tensors['multi_modal_projector.linear_1.weight']!.data)
    const wide = new Float32Array(width * 2 * features)
    for (let row = 0; row < width; row++)
      wide.set(first.subarray(row * features, (row + 1) * features), (2 * row + 1) * features)
    const both = await traced({
      config: { vision_feature_layer: [-1, -2] },
      tensors: { 'multi_modal_projector.linear_1.weight': raw([width, 2 * features], wide) },
    })
    expect(both.features!.shape).toEqual([1, patches, 2 * features])
    expectClose('visual tokens', both.visual_tokens!.data, plain.visual_tokens!.data, 1e-5)
    expectClose('logits', both.logits!.data, plain.logits!.data, 1e-4)
  })

  it('may keep the class token', async () => {
    const full = await traced({ config: { vision_feature_select_strategy: 'full' } })
    expect(full.visual_tokens!.shape).toEqual([1, patches + 1, width])
    expectClose('visual tokens', full.visual_tokens!.data.slice(width), plain.visual_tokens!.data, 1e-5)
  })

  it('may have one linear layer as its projector', async () => {
    const { 'multi_modal_projector.linear_2.weight': _, 'multi_modal_projector.linear_2.bias': __, ...rest } = tensors
    const files = goldenFiles(name, {
      'config.json': { json: { ...config, mm_projector_type: 'linear' } },
      'model.safetensors': { tensors: rest },
    })
    const model = await load({ kind: 'files', files }, { weights: 'f32' })
    const { tensors: got } = await model.trace([asks('What is shown in this image?', `${name}/image0.png`)])
    model.dispose()
    const weight = values(tensors['multi_modal_projector.linear_1.weight']!.data)
    const bias = values(tensors['multi_modal_projector.linear_1.bias']!.data)
    const wanted = Float32Array.from({ length: patches * width }, (_, i) => {
      const [patch, out] = [Math.floor(i / width), i % width]
      let sum = bias[out]!
      for (let k = 0; k < features; k++)
        sum += weight[out * features + k]! * plain.features!.data[patch * features + k]!
      return sum
    })
    expectClose('visual tokens', got.visual_tokens!.data, wanted, 1e-5)
  })

  it.each(['BF16', 'F16'] as const)('may be stored as %s', async (dtype) => {
    const rounded: RawTensors = {}
    const short: RawTensors = {}
    for (const [key, { shape, data }] of Object.entries(tensors)) {
      // Values that both types hold exactly: sign, exponent and seven bits, in the normal range of f16.
      const kept = values(data).map((value) => (Math.abs(value) < 2 ** -13 ? 0 : value))
      const bits = new Uint32Array(kept.buffer).map((word) => word & 0xffff0000)
      rounded[key] = { shape, dtype: 'F32', data: new Uint8Array(bits.buffer) }
      const cut = new Float32Array(bits.buffer)
      const halves = Uint16Array.from(bits, (word, i) => (dtype === 'BF16' ? word >>> 16 : floatToHalf(cut[i]!)))
      short[key] = { shape, dtype, data: new Uint8Array(halves.buffer) }
    }
    const wanted = await traced({ tensors: rounded })
    expect((await traced({ tensors: short })).logits!.data).toEqual(wanted.logits!.data)
  })
})
