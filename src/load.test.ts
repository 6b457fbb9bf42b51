import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import { llavaLayouts, toCanonical, toFileName } from './checkpoint/renames.ts'
import { inspect, type LoadOptions, type LoadProgress, load, type Model, type ModelSource } from './index.ts'
import { writeEmptyModel } from './testing/emptyModel.ts'
import { goldenFiles, goldenTensors, type RawTensors } from './testing/goldenFiles.ts'
import { answer, asks, golden, goldenJson, insidesOf } from './testing/models.ts'
import { nodeGpu } from './testing/nodeGpu.ts'
import type { TestGpu } from './testing/setup.ts'

const name = 'llava-clip-llama'
const expected = goldenJson<{ cases: { question: string; greedy_ids: number[] }[] }>(`${name}/expected.json`)
const [{ question, greedy_ids: greedy }] = expected.cases as [(typeof expected.cases)[0]]
const first = asks(question, `${name}/image0.png`)
const tensors = await goldenTensors(name)
const files = (changes?: Parameters<typeof goldenFiles>[1]): ModelSource => ({
  kind: 'files',
  files: goldenFiles(name, changes),
})

/** The first ids of a model that is loaded for it. */
async function idsOf(source: ModelSource, options?: LoadOptions): Promise<number[]> {
  const model = await load(source, { weights: 'f32', ...options })
  const { ids } = await answer(model, [first])
  model.dispose()
  return ids
}

/** Dawn with a device for each load, and the devices that were opened. */
function watchedGpu() {
  const devices: GPUDevice[] = []
  const requestAdapter = async (options?: GPURequestAdapterOptions) => {
    const adapter = (await (nodeGpu() as TestGpu).unshared!(options))!
    const requestDevice = adapter.requestDevice.bind(adapter)
    adapter.requestDevice = async (descriptor) => {
      const device = await requestDevice(descriptor)
      devices.push(device)
      return device
    }
    return adapter
  }
  return { gpu: { requestAdapter } as unknown as GPU, devices }
}

describe('a checkpoint', () => {
  it.each(llavaLayouts.slice(1).map((layout) => [layout.name, layout] as const))(
    'named as %s loads',
    async (_, layout) => {
      const renamed = Object.entries(tensors).map(([key, tensor]) => {
        return [toFileName(layout, toCanonical(llavaLayouts[0]!, key)!)!, tensor] as const
      })
      const ids = await idsOf(files({ 'model.safetensors': { tensors: Object.fromEntries(renamed) } }))
      expect(ids).toEqual(greedy.slice(0, 8))
    },
  )

  it('in shards loads', async () => {
    const shards: RawTensors[] = [{}, {}, {}]
    const map: Record<string, string> = {}
    Object.entries(tensors).forEach(([key, tensor], i) => {
      shards[i % 3]![key] = tensor
      map[key] = `model-0000${(i % 3) + 1}-of-00003.safetensors`
    })
    const parts = shards.map((shard, i) => [`model-0000${i + 1}-of-00003.safetensors`, { tensors: shard }] as const)
    const index = { 'model.safetensors.index.json': { json: { metadata: {}, weight_map: map } } }
    const ids = await idsOf(files({ 'model.safetensors': undefined, ...Object.fromEntries(parts), ...index }))
    expect(ids).toEqual(greedy.slice(0, 8))
  })

  it('that does not fit its config gives one report of everything', async () => {
    const { 'language_model.lm_head.weight': head, ...rest } = tensors
    const wrong = { ...rest, stranger: head!, 'language_model.model.norm.weight': { ...head!, shape: [384, 64] } }
    const error: Error = await load(files({ 'model.safetensors': { tensors: wrong } })).then(
      () => expect.unreachable(),
      (reason) => reason,
    )
    expect(error).toMatchObject({ code: 'checkpoint-mismatch' })
    for (const part of [
      'Missing (1)',
      'lm_head.weight',
      'Unexpected (1)',
      'stranger',
      'norm.weight: expected [64], found [384,64]',
    ])
      expect(error.message).toContain(part)
  })

  it('of an architecture that is not known says which are', async () => {
    const json = { architectures: ['MambaForCausalLM'], model_type: 'mamba' }
    await expect(load(files({ 'config.json': { json } }))).rejects.toMatchObject({
      code: 'unknown-architecture',
      message: expect.stringContaining('LlavaForConditionalGeneration'),
    })
  })

  it('of NaN weights is refused, not answered with', async () => {
    const norm = tensors['language_model.model.norm.weight']!
    const data = new Uint8Array(new Float32Array(64).fill(Number.NaN).buffer)
    const broken = { ...tensors, 'language_model.model.norm.weight': { ...norm, data } }
    const source = files({ 'model.safetensors': { tensors: broken } })
    await expect(idsOf(source)).rejects.toMatchObject({ code: 'wrong-result' })
  })

  it('without its tokenizer says what is missing', async () => {
    await expect(load(files({ 'tokenizer.json': undefined }))).rejects.toThrow('tokenizer.json')
  })
})

describe('a prompt longer than a submit', () => {
  it('is computed in pieces that make the same whole', async () => {
    const config = goldenJson<{ text_config: object }>(`${name}/config.json`)
    const json = { ...config, text_config: { ...config.text_config, max_position_embeddings: 2048 } }
    const model = await load(files({ 'config.json': { json } }), { weights: 'f32' })
    const messages = [asks(`${'A red circle above a blue square. '.repeat(90)}What?`, `${name}/image0.png`)]
    const { ids, inputIds } = await answer(model, messages)
    const { logits } = (await model.trace(messages)).tensors
    model.dispose()
    expect(inputIds.length).toBeGreaterThan(1024)
    const last = logits!.data.slice(-384) as Float32Array
    expect(ids[0]).toBe(last.indexOf(Math.max(...last)))
  })
})

describe('the storage of weights', () => {
  const length = (values: Float32Array) => Math.hypot(...values)
  const logitsOf = async (model: Model) => (await model.trace([first])).tensors.logits!.data as Float32Array
  it('costs accuracy in its order, and memory as foretold', async () => {
    const { forecast } = await inspect(golden(name))
    const exact = await load(golden(name), { weights: 'f32' })
    const wanted = await logitsOf(exact)
    exact.dispose()
    for (const [weights, allowed] of [
      ['f16', 0.004],
      ['q8', 0.1],
      ['q4', 0.4],
    ] as const) {
      const model = await load(golden(name), { weights })
      const got = await logitsOf(model)
      const error = length(got.map((value, i) => value - wanted[i]!)) / length(wanted)
      expect(error, weights).toBeLessThan(allowed)
      expect(model.memory().weightBytes / forecast[weights].weightBytes).toBeCloseTo(1, 1)
      expect((await answer(model, [first])).ids.length).toBe(8)
      model.dispose()
    }
  })
})

describe('loading', () => {
  it('tells how far it is', async () => {
    const told: LoadProgress[] = []
    const model = await load(golden(name), { weights: 'q8', onProgress: (progress) => told.push(progress) })
    model.dispose()
    expect([...new Set(told.map(({ stage }) => stage))]).toEqual(['files', 'weights', 'kernels', 'ready'])
    const bytes = told.filter(({ stage }) => stage === 'weights')
    expect(bytes.map(({ loadedBytes }) => loadedBytes)).toEqual(bytes.map((b) => b.loadedBytes).sort((a, b) => a - b))
    expect(bytes.at(-1)!.loadedBytes).toBe(bytes.at(-1)!.totalBytes)
  })

  it('that fails leaves nothing on the GPU', async () => {
    const { gpu, devices } = watchedGpu()
    const stop = new AbortController()
    const onProgress = ({ stage, loadedBytes }: LoadProgress) => {
      if (stage === 'weights' && loadedBytes > 100_000) stop.abort()
    }
    const aborted = load(golden(name), { gpu, onProgress, signal: stop.signal })
    await expect(aborted).rejects.toMatchObject({ code: 'aborted' })
    await expect(load(golden('resize'), { gpu })).rejects.toMatchObject({ code: 'not-found' })
    const reasons = await Promise.all(devices.map((device) => device.lost))
    expect(reasons.map(({ reason }) => reason)).toEqual(['destroyed', 'destroyed'])
  })

  it('refuses settings that mean nothing', async () => {
    await expect(load(golden(name), { weights: 'q5' as never })).rejects.toThrow('q4, q8, f16, f32; got "q5"')
    await expect(load(golden(name), { maxContext: 0 })).rejects.toThrow('maxContext')
    await expect(load('no such model')).rejects.toMatchObject({ code: 'not-found' })
  })

  const folder = mkdtempSync(join(tmpdir(), 'beagle-'))
  afterAll(() => rmSync(folder, { recursive: true }))

  it('holds no more than 64 MB and the largest tensor', async () => {
    const { largest, total } = await writeEmptyModel(folder)
    const used = () => {
      const { heapUsed, arrayBuffers } = process.memoryUsage()
      return heapUsed + arrayBuffers
    }
    const before = used()
    let most = 0
    const onProgress = () => {
      most = Math.max(most, used() - before)
    }
    const model = await load(folder, { onProgress })
    model.dispose()
    expect(total).toBeGreaterThan(190e6)
    expect(most).toBeLessThan(64e6 + largest)
  })
})

describe('a loaded model', () => {
  it('answers one question at a time, and none once disposed', async () => {
    const model = await load(golden(name), { weights: 'q8' })
    const chat = model.chat([first], { maxNewTokens: 24 })
    await chat.next()
    await expect(answer(model, [first])).rejects.toMatchObject({ code: 'busy' })
    await expect(model.trace([first])).rejects.toMatchObject({ code: 'busy' })
    await chat.return()
    expect((await answer(model, [first])).ids.length).toBe(8)
    model.dispose()
    model.dispose()
    await expect(answer(model, [first])).rejects.toMatchObject({ code: 'disposed' })
  })

  it('whose device is lost says so, and does not hang', async () => {
    const model = await load(golden(name), { weights: 'q8', gpu: watchedGpu().gpu })
    const rest = (async () => {
      let tokens = 0
      for await (const { id } of model.chat([first], { maxNewTokens: 400 })) {
        if (id !== undefined && ++tokens === 3) insidesOf(model).gpu.device.destroy()
      }
    })()
    await expect(rest).rejects.toMatchObject({ code: 'device-lost' })
    await expect(answer(model, [first])).rejects.toMatchObject({ code: 'device-lost' })
    expect(await model.lost).toMatchObject({ code: 'device-lost' })
    model.dispose()
  })
})
