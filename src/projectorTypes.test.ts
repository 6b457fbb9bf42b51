import { afterAll, describe, expect, it } from 'vitest'
import { type FreshProjector, load, writeSafetensors } from './index.ts'
import { rawFile } from './testing/goldenFiles.ts'
import { answer, asks, golden, goldenBytes, says } from './testing/models.ts'
import { goldenExamples, goldenSettings, taught } from './testing/teaching.ts'

const name = 'llava-clip-llama'
const [first, second] = [`${name}/image0.png`, `${name}/image1.png`]
const small = { hidden: 32, depth: 1, heads: 2, ffn: 48 }
const fresh: [FreshProjector, number][] = [
  [{ type: 'linear' }, 16],
  [{ type: 'mlp2x_gelu' }, 16],
  [{ type: 'mlp', depth: 3 }, 16],
  [{ type: 'c-abs', tokens: 4, hidden: 32, depth: 1, endTokens: 1 }, 5],
  [{ type: 'd-abs', tokens: 9, ...small, points: 2 }, 9],
  [{ type: 'resampler', tokens: 3, ...small, endTokens: 2 }, 5],
  [{ type: 'q-former', tokens: 6, ...small }, 6],
]

describe('every type of projector in a llava model', async () => {
  const model = await load(golden(name), { weights: 'q4' })
  afterAll(() => model.dispose())
  const settings = { ...goldenSettings, steps: 2 }

  it.each(fresh)('%j is taught, exported, put to use and answers with its %i tokens', async (projector, tokens) => {
    const { result, losses } = await taught(model, goldenExamples(name), { settings: { ...settings, projector } })
    expect(losses[1]).toBeLessThan(losses[0]!)
    const info = await model.addProjector(projector.type, result.projector)
    expect(info).toMatchObject({ type: projector.type, visualTokens: tokens })

    model.useProjector(projector.type)
    const question = asks('What is shown in this image?', first)
    const once = await answer(model, [question])
    expect(once.visualTokens).toBe(tokens)
    const turns = [question, says(once.text), asks('And in this one?', second)]
    const both = await answer(model, turns)
    expect(both.visualTokens).toBe(2 * tokens)
    expect(both.cachedTokens).toBeGreaterThan(tokens)

    const exported = await model.exportProjector(projector.type)
    await model.addProjector('again', exported)
    model.useProjector('again')
    expect((await answer(model, turns)).ids).toEqual(both.ids)
    model.removeProjector('again')
    model.removeProjector(projector.type)
    expect((await answer(model, [question])).visualTokens).toBe(16)
  })

  it('goes on from a file as it goes on in one run', async () => {
    const projector = fresh[5]![0]
    const one = await taught(model, goldenExamples(name), { settings: { ...settings, steps: 1, projector } })
    const file = one.result.projector
    const { losses } = await taught(model, goldenExamples(name), { settings: { ...settings, projector: { file } } })
    expect(losses[0]).toBeLessThan(one.losses[0]!)
  })
})

describe('reference points that the config holds fixed', async () => {
  const model = await load(golden(name), { weights: 'q4' })
  afterAll(() => model.dispose())

  it('stay where they are, also against weight decay', async () => {
    const { tensors, metadata } = await rawFile(goldenBytes('projectors/training-d-abs.safetensors'))
    const config = { ...JSON.parse(metadata.projector_config!), learnable_mRP: false }
    const file = writeSafetensors(tensors, { projector_config: JSON.stringify(config) })
    const settings = { ...goldenSettings, steps: 2, weightDecay: 0.5, projector: { file } }
    const { result } = await taught(model, goldenExamples(name), { settings })
    const trained = (await rawFile(result.projector)).tensors
    const [points, output] = ['abstractor.reference_points', 'abstractor.output_proj.weight']
    expect(trained[points]).toEqual(tensors[points])
    expect(trained[output]).not.toEqual(tensors[output])
  })
})

describe('a projector that reads the question', async () => {
  const model = await load(golden(name), { weights: 'f32' })
  afterAll(() => model.dispose())
  const projector: FreshProjector = { type: 'q-former', tokens: 4, ...small }
  const { result } = await taught(model, goldenExamples(name), { settings: { ...goldenSettings, projector } })
  await model.addProjector('asked', result.projector)
  model.useProjector('asked')
  const seen = async (...questions: string[]) => {
    const messages = questions
      .map((text) => asks(text, first))
      .flatMap((asked, i) => (i > 0 ? [says('.'), asked] : [asked]))
    return (await model.trace(messages)).tensors.visual_tokens!
  }

  it('sees the same image otherwise for another question, also within one conversation', async () => {
    const [colour, shape] = [await seen('Which colour is it?'), await seen('Which shape?')]
    expect(colour.shape).toEqual([1, 4, 64])
    expect(shape.data).not.toEqual(colour.data)
    const both = await seen('Which colour is it?', 'Which shape?')
    expect([...both.data]).toEqual([...colour.data, ...shape.data])
  })

  it('answers a conversation as one that was never interrupted by another question', async () => {
    const question = asks('Which colour is it?', first)
    const { text } = await answer(model, [question])
    const turns = [question, says(text), asks('Which shape?', first)]
    const continued = await answer(model, turns)
    expect(continued).toMatchObject({ visualTokens: 8, imagesEncoded: 0 })
    expect(continued.cachedTokens).toBeGreaterThan(4)
    await answer(model, [asks('Something else?', first)])
    expect((await answer(model, turns)).ids).toEqual(continued.ids)
  })
})
