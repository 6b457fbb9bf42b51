import { afterAll, expect, it } from 'vitest'
import type { Message, Model } from '../api.ts'
import { blankImage } from '../image/rgbImage.ts'
import { load } from '../index.ts'
import { forecastWeights } from '../models/storage.ts'
import type { SpecTree } from '../models/tree.ts'
import type { TeachEvent, TeachOptions } from '../teachApi.ts'
import { answer, asks, golden, insidesOf } from '../testing/models.ts'
import { goldenExamples, goldenSettings, memoryStore } from '../testing/teaching.ts'

const name = 'llava-clip-llama'
const examples = goldenExamples(name)
const models: Model[] = []
afterAll(() => {
  for (const model of models) model.dispose()
})

async function fresh(): Promise<Model> {
  const model = await load(golden(name), { weights: 'q4' })
  models.push(model)
  return model
}

const about = (image: number) => asks('What is shown in this image?', `${name}/image${image}.png`)
const grey: Message = {
  role: 'user',
  content: [
    { type: 'image', image: blankImage(40, 30, [90, 160, 200]) },
    { type: 'text', text: 'Which colour?' },
  ],
}
const said = async (model: Model, message: Message) => (await answer(model, [message])).ids

const reference = await fresh()
const [first, second, plain] = [
  await said(reference, about(0)),
  await said(reference, about(1)),
  await said(reference, grey),
]
const { opened } = insidesOf(reference)
const encoderBytes = forecastWeights((opened.spec as { encoder: SpecTree }).encoder, 'q4')
const settings = { ...goldenSettings, steps: 4 }

/** Teaches to the end; what each event was, with the bytes of weights on the GPU, and the losses. */
async function run(
  model: Model,
  options: TeachOptions,
  each: (event: TeachEvent) => Promise<void> = async () => {},
): Promise<{ bytes: number[]; losses: number[] }> {
  const bytes: number[] = []
  let losses: number[] = []
  for await (const event of model.teach(examples, options)) {
    bytes.push(model.memory().weightBytes)
    if (event.type === 'done') losses = event.result.losses
    await each(event)
  }
  return { bytes, losses }
}

const kept = await run(reference, { settings })

it('takes the encoder off the GPU between the last feature and the next new image', async () => {
  const model = await fresh()
  const { weightBytes } = model.memory()
  let during: readonly number[] = []
  const { bytes, losses } = await run(model, { settings: { ...settings, releaseEncoder: true } }, async (event) => {
    if (event.type === 'step' && event.step === 2) during = await said(model, about(0))
  })
  // Two features, the plan, four steps, the result.
  expect(kept.bytes.map((all, i) => all - bytes[i]!)).toEqual([0, 0, ...new Array(3).fill(encoderBytes), 0, 0, 0])
  expect(losses).toEqual(kept.losses)
  expect(during).toEqual(first)
  expect(model.memory().weightBytes).toBe(weightBytes)
  expect(await said(model, about(1))).toEqual(second)
})

it('brings it back for a chat and for a trace after the training', async () => {
  const model = await fresh()
  const { weightBytes } = model.memory()
  const resting = { ...settings, steps: 1, releaseEncoder: true }
  await run(model, { settings: resting })
  expect(model.memory().weightBytes).toBe(weightBytes - encoderBytes)
  expect(await said(model, about(1))).toEqual(second)
  expect(model.memory().weightBytes).toBe(weightBytes)
  await run(model, { settings: resting })
  const { tensors } = await model.trace([about(0)])
  expect(tensors.features).toEqual((await reference.trace([about(0)])).tensors.features)
})

it('needs no encoder where a store knows the features', async () => {
  const model = await fresh()
  const store = memoryStore()
  const resting = { settings: { ...settings, releaseEncoder: true }, store }
  const before = await run(model, resting)
  const again = await run(model, resting)
  expect(again.losses).toEqual(before.losses)
  expect(again.losses).toEqual(kept.losses)
  expect(kept.bytes.map((all, i) => all - again.bytes[i]!)).toEqual(new Array(8).fill(encoderBytes))
  expect([...store.files.keys()].filter((file) => file.startsWith('features'))).toHaveLength(2)
})

it('waits for a chat that is looking at an image', async () => {
  const model = await fresh()
  const vision = insidesOf(model).session.vision!
  const { pixels } = vision
  let chat: Promise<readonly number[]> | undefined
  const { losses } = await run(model, { settings: { ...settings, releaseEncoder: true } }, async (event) => {
    if (event.type !== 'features' || event.done < event.total) return
    const looking = new Promise<void>((resolve) => {
      vision.pixels = async (image) => {
        resolve()
        await new Promise((later) => setTimeout(later, 50))
        return pixels.call(vision, image)
      }
    })
    chat = said(model, grey)
    await looking
  })
  expect(await chat).toEqual(plain)
  expect(losses).toEqual(kept.losses)
})
