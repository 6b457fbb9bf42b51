import { afterAll, describe, expect, it } from 'vitest'
import { bytesSource } from './checkpoint/byteSource.ts'
import { readFloat32, singleCheckpoint } from './checkpoint/checkpoint.ts'
import { parseConfig } from './checkpoint/config.ts'
import type { LlavaConfig } from './checkpoint/configTypes.ts'
import { inspect, load, type Message, type Model, type TeachExample, writeSafetensors } from './index.ts'
import { endsOf } from './models/projectors/ends.ts'
import { freshProjector } from './models/projectors/fresh.ts'
import { projectorSpec } from './models/projectors/projector.ts'
import { specOf } from './models/tree.ts'
import { expectClose } from './testing/checkOp.ts'
import { goldenFiles, goldenTensors, type RawTensors } from './testing/goldenFiles.ts'
import { answer, asks, golden, goldenBytes, goldenJson, says } from './testing/models.ts'
import { goldenSettings, ofType, taught } from './testing/teaching.ts'

interface Case {
  image: string
  turns: string[]
  input_ids: number[]
  greedy_ids: number[]
  greedy_text: string
}

const name = 'honeybee'
interface Expected {
  cases: [Case, Case]
  training: { lessons: string[][]; steps: number; losses: number[] }
}

const { cases, training } = goldenJson<Expected>(`${name}/expected.json`)
const config = goldenJson<Record<string, object>>(`${name}/config.json`)
const tensors = await goldenTensors(name)
const picture = ({ image }: Case) => `llava-clip-llama/${image}`
const talk = (example: Case): Message[] =>
  example.turns.map((turn, i) => (i === 0 ? asks(turn, picture(example)) : i % 2 ? says(turn) : asks(turn)))

/** The golden with another config or other tensors. */
const changed = (change: { config?: object; tensors?: RawTensors }) => ({
  kind: 'files' as const,
  files: goldenFiles(name, {
    'config.json': { json: { ...config, ...change.config } },
    'model.safetensors': { tensors: { ...tensors, ...change.tensors } },
  }),
})

const own = 'projector_config'
const visible = async (model: Model) => (await model.trace(talk(cases[0]))).tensors.visual_tokens!

describe('a Honeybee checkpoint', async () => {
  const expected = await singleCheckpoint(bytesSource('expected', goldenBytes(`${name}/expected.safetensors`)))
  const model = await load(golden(name), { weights: 'f32' })
  afterAll(() => model.dispose())
  const tolerance = /swiftshader/i.test(JSON.stringify(model.device)) ? 3e-4 : 1e-4

  it.each([0, 1] as const)('computes case %i as PyTorch does', async (i) => {
    const { inputIds, tensors } = await model.trace(talk(cases[i]))
    expect(inputIds).toEqual(cases[i].input_ids)
    for (const stage of ['pixel_values', 'features', 'visual_tokens']) {
      const want = expected.tensors.get(`case${i}.${stage}`)!
      expect(tensors[stage]!.shape, stage).toEqual(want.shape)
      expectClose(`case ${i} ${stage}`, tensors[stage]!.data, await readFloat32(want), tolerance)
    }
    const last = await readFloat32(expected.tensors.get(`case${i}.logits`)!)
    expectClose(`case ${i} logits`, tensors.logits!.data.slice(-last.length), last, tolerance)
  })

  it.each([0, 1] as const)('answers case %i with the same greedy ids', async (i) => {
    const { greedy_ids, greedy_text } = cases[i]
    const result = await answer(model, talk(cases[i]), { maxNewTokens: greedy_ids.length })
    expect(result).toMatchObject({ ids: greedy_ids, text: greedy_text, visualTokens: 9 + 2 })
  })

  it('goes on in a conversation from what it has read already', async () => {
    const first = talk(cases[1]).slice(0, 1)
    const { inputIds, text } = await answer(model, first, { maxNewTokens: 4 })
    const next = await answer(model, [...first, says(text), asks('And below?')])
    expect(next).toMatchObject({ imagesEncoded: 0 })
    expect(next.cachedTokens).toBeGreaterThanOrEqual(inputIds.length)
    const fresh = await load(golden(name), { weights: 'f32' })
    expect((await answer(fresh, [...first, says(text), asks('And below?')])).ids).toEqual(next.ids)
    fresh.dispose()
  })

  it('tells two images of one question apart by their places', async () => {
    const [a, b] = [picture(cases[0]), picture(cases[1])]
    const ids = async (...images: string[]) => (await answer(model, [asks('What?', ...images)])).ids
    expect(await ids(a, b)).not.toEqual(await ids(b, a))
  })

  it('learns from answers and their ends alone, as PyTorch does', async () => {
    const examples = training.lessons.map((said, i): TeachExample => {
      const turns = said.flatMap((question, k) => (k % 2 ? [] : [{ question, answer: said[k + 1]! }]))
      return { turns, image: goldenBytes(picture(cases[i]!)), name: `lesson ${i}` }
    })
    const { losses, events } = await taught(model, examples, { settings: { ...goldenSettings, steps: training.steps } })
    expect(ofType(events, 'plan')[0]!.plan.skipped).toEqual([])
    losses.forEach((loss, i) => {
      expect(Math.abs(loss / training.losses[i]! - 1)).toBeLessThan(1e-4)
    })
  })

  it('switches to projectors of other sizes that were made for it, and takes its own back', async () => {
    const before = await visible(model)
    await model.addProjector('again', await model.exportProjector('base'))
    const image = goldenBytes(picture(cases[0]))
    const example = { image, turns: [{ question: 'What is it?', answer: 'And below' }], name: 'example' }
    const small = { type: 'c-abs', tokens: 4, depth: 1, hidden: 16 } as const
    for (const projector of [small, 'linear'] as const) {
      const { result } = await taught(model, [example], { settings: { ...goldenSettings, steps: 2, projector } })
      await model.addProjector('other', result.projector)
      model.useProjector('other')
      const tokens = projector === small ? 4 : 16
      expect((await visible(model)).shape).toEqual([1, tokens, 48])
      expect((await answer(model, talk(cases[0]))).visualTokens).toBe(tokens)
      model.removeProjector('other')
    }
    model.useProjector('again')
    expect((await visible(model)).data).toEqual(before.data)
    model.useProjector('base')
  })

  it('takes positions of early files, which have one for CLS', async () => {
    const { shape, data, dtype } = tensors['abstractor.pos_emb']!
    const row = data.length / shape[1]!
    const long = new Uint8Array(data.length + row).fill(63, 0, row)
    long.set(data, row)
    const early = { shape: [1, shape[1]! + 1, shape[2]!], data: long, dtype }
    const source = changed({
      config: { [own]: undefined, visual_projector_config: config[own], model_type: 'mllm' },
      tensors: { 'abstractor.pos_emb': early },
    })
    const loaded = await load(source, { weights: 'f32' })
    const want = (await visible(model)).data
    expect((await visible(loaded)).data).toEqual(want)
    loaded.dispose()

    const parts = Object.entries(tensors).filter(([key]) => key.startsWith('abstractor.'))
    const metadata = { projector_config: JSON.stringify(config[own]) }
    const file = writeSafetensors({ ...Object.fromEntries(parts), 'abstractor.pos_emb': early }, metadata)
    await model.addProjector('early', file)
    model.useProjector('early')
    expect((await visible(model)).data).toEqual(want)
    model.removeProjector('early')
  })

  it('gives a D-Abstractor one map per feature layer, in the order of its config', async () => {
    const levels = {
      projector_type: 'd-abs',
      d_model: 24,
      num_feature_levels: 2,
      pooled_v_target: 'none',
      num_query_tokens: 9,
    }
    const shape = { decoder_layers: 1, decoder_attention_heads: 2, decoder_n_points: 2, decoder_ffn_dim: 16 }
    const features = async (...feature_layer_index: number[]) => {
      const json = { ...config, [own]: { ...levels, ...shape, feature_layer_index } }
      const parsed = parseConfig(json) as LlavaConfig
      const ends = endsOf(parsed)
      const values = freshProjector(ends, parsed.projector, 1)
      const shapes = specOf(projectorSpec(ends, parsed.projector))
      const abstractor = Object.entries(values).map(([key, { buffer }]) => {
        return [key, { shape: shapes[key]!.shape, dtype: 'F32', data: new Uint8Array(buffer) }] as const
      })
      const rest = Object.entries(tensors).filter(([key]) => !key.startsWith('abstractor.'))
      const weights = { tensors: Object.fromEntries([...rest, ...abstractor]) }
      const files = goldenFiles(name, { 'config.json': { json }, 'model.safetensors': weights })
      const loaded = await load({ kind: 'files', files }, { weights: 'f32' })
      const { features, visual_tokens } = (await loaded.trace(talk(cases[0]))).tensors
      loaded.dispose()
      expect([features!.shape, visual_tokens!.shape]).toEqual([
        [1, 2 * 16, 32],
        [1, 9, 48],
      ])
      return features!.data
    }
    const [both, turned] = [await features(-2, -1), await features(-1, 2)]
    expectClose(
      'first level',
      both.slice(0, 16 * 32),
      await readFloat32(expected.tensors.get('case0.features')!),
      tolerance,
    )
    expect(turned).toEqual(Float32Array.of(...both.slice(16 * 32), ...both.slice(0, 16 * 32)))
  })

  it('is described without its weights', async () => {
    const { info, parts } = await inspect(golden(name))
    expect(info).toMatchObject({
      architecture: 'HoneybeeForConditionalGeneration',
      encoder: 'clip 3 × 32, 56 px, patch 14',
      projector: 'c-abs',
      visualTokensPerImage: 11,
    })
    expect(parts.map(({ part }) => part)).toEqual(['encoder', 'projector', 'decoder'])
  })

  it.each<[string, Parameters<typeof changed>[0], RegExp]>([
    ['a number of tokens that is no square', { config: { [own]: { ...config[own], num_query_tokens: 10 } } }, /10/],
    ['no language model', { config: { text_config: undefined } }, /text_config/],
    [
      'several layers for one map',
      { config: { [own]: { ...config[own], feature_layer_index: [-1, -2] } } },
      /one index/,
    ],
    ['a layer that is not there', { config: { [own]: { ...config[own], feature_layer_index: -9 } } }, /-4 to 3/],
  ])('is refused for %s', async (_, change, message) => {
    await expect(load(changed(change))).rejects.toThrow(message)
  })

  it('names what is missing as its files would', async () => {
    const { 'abstractor.readout.0.bias': _, 'language_model.model.norm.weight': __, ...rest } = tensors
    const files = goldenFiles(name, { 'model.safetensors': { tensors: rest } })
    const missing = { missing: ['abstractor.readout.0.bias', 'language_model.model.norm.weight'] }
    await expect(load({ kind: 'files', files })).rejects.toMatchObject(missing)
  })
})
