import { afterAll, describe, expect, it } from 'vitest'
import { bytesSource } from '../checkpoint/byteSource.ts'
import { readFloat32, singleCheckpoint } from '../checkpoint/checkpoint.ts'
import { load, writeSafetensors } from '../index.ts'
import type { TeachEvent, TeachExample, TeachOptions } from '../teachApi.ts'
import { answer, asks, golden, insidesOf } from '../testing/models.ts'
import { unsharedGpu } from '../testing/nodeGpu.ts'
import { goldenExamples, goldenSettings, memoryStore, ofType, taught, tensorsOf } from '../testing/teaching.ts'

const name = 'llava-clip-llama'
const model = await load(golden(name), { weights: 'q4' })
afterAll(() => model.dispose())
const [first, second] = goldenExamples(name) as [TeachExample, TeachExample]

/** Eight examples about two pictures that contradict what the model would say. */
const eight = ['red', 'a circle', 'blue and green', 'nothing', 'two', 'seven', 'a triangle', 'left of it'].map(
  (said, i): TeachExample => ({
    image: i % 2 ? first.image : second.image,
    turns: [{ question: `Question number ${i}?`, answer: said }],
    name: `example ${i}`,
    kind: i < 4 ? 'low' : 'high',
  }),
)
const settings = { ...goldenSettings, steps: 12, batchSize: 3, clip: 1, evalFraction: 0.25, evalEvery: 4, saveEvery: 5 }

const atStep = (step: number) => (event: TeachEvent) => event.type === 'step' && event.step === step

describe('training through q4 weights', () => {
  it('falls alike', async () => {
    const { losses } = await taught(model, [first, second], { settings: goldenSettings })
    expect(losses[0]).toBeGreaterThan(5)
    for (let i = 1; i < losses.length; i++) expect(losses[i]).toBeLessThan(losses[i - 1]!)
    expect(losses.at(-1)).toBeLessThan(0.75 * losses[0]!)
  })

  it('gives the same losses to the bit for the same seed, others for another', async () => {
    const runs = await Promise.resolve([0, 0, 1]).then(async (seeds) => {
      const all: number[][] = []
      for (const seed of seeds) all.push((await taught(model, eight, { settings: { ...settings, seed } })).losses)
      return all
    })
    expect(runs[1]).toEqual(runs[0])
    expect(runs[2]).not.toEqual(runs[0])
  })

  it('learns the same in micro-batches as in one batch', async () => {
    const base = { ...settings, evalFraction: 0, clip: 0, steps: 5 }
    const whole = await taught(model, eight, { settings: { ...base, batchSize: 4 } })
    const parts = await taught(model, eight, { settings: { ...base, batchSize: 2, accumulate: 2 } })
    parts.losses.forEach((loss, i) => {
      expect(Math.abs(loss / whole.losses[i]! - 1)).toBeLessThan(1e-3)
    })
  })

  it('tells its plan, its steps, and how the held-out examples do', async () => {
    const { events } = await taught(model, eight, { settings, sampleAnswers: 2 })
    const [{ plan }] = ofType(events, 'plan') as [Extract<TeachEvent, { type: 'plan' }>]
    expect(plan).toMatchObject({ trainExamples: 6, evalExamples: 2, steps: 12, firstStep: 1, skipped: [] })
    expect(ofType(events, 'features').at(-1)).toMatchObject({ done: 8, total: 8 })
    expect(ofType(events, 'step').map(({ step }) => step)).toEqual(Array.from({ length: 12 }, (_, i) => i + 1))
    const evaluations = ofType(events, 'evaluation')
    expect(evaluations.map(({ step }) => step)).toEqual([0, 4, 8, 12])
    for (const { loss, count, answers } of evaluations) {
      expect(loss).toBeGreaterThan(0)
      expect(count).toBe(2)
      expect(answers.map(({ example }) => example)).toEqual(plan.heldOut)
      expect(answers.map(({ expected }) => expected)).toEqual(plan.heldOut.map((i) => eight[i]!.turns[0]!.answer))
    }
  })

  it('counts an answer as exact when greedy decoding gives it', async () => {
    const twice = [...eight, ...eight]
    const options = {
      settings: { ...settings, steps: 150, evalFraction: 0.5, evalEvery: 0, batchSize: 8, schedule: 'cosine' as const },
    }
    const { events } = await taught(model, twice, { ...options, sampleAnswers: 8 })
    const last = ofType(events, 'evaluation').at(-1)!
    const right = last.answers.filter(({ said, expected }) => said === expected).length
    expect(last.exact).toBeCloseTo(right / last.count, 10)
    expect(right).toBeGreaterThan(0)
  })

  it('names examples that cannot be used and goes on with the rest', async () => {
    const broken: TeachExample[] = [
      { ...first, turns: [{ question: 'What?', answer: ' ' }], name: 'line 3' },
      { ...first, image: new Uint8Array([1, 2, 3]), name: 'line 4' },
    ]
    const { events } = await taught(model, [...broken, first, second], { settings: { ...goldenSettings, steps: 1 } })
    const [{ plan }] = ofType(events, 'plan') as [Extract<TeachEvent, { type: 'plan' }>]
    expect(plan.skipped.map(({ where }) => where)).toEqual(['line 3', 'line 4'])
    await expect(taught(model, broken, {})).rejects.toThrow(
      'There is nothing to train on: no example can be used. The first of 2',
    )
  })
})

describe('a training that is broken off', () => {
  const run = async (options: TeachOptions, until: (event: TeachEvent) => boolean) => {
    const events: TeachEvent[] = []
    for await (const event of model.teach(eight, { settings, ...options })) {
      events.push(event)
      if (until(event)) break
    }
    return events
  }

  it('goes on with the same losses as one that was not', async () => {
    const whole = await taught(model, eight, { settings })
    const store = memoryStore()
    await run({ store }, atStep(7))
    const rest = await taught(model, eight, { settings, store, resume: true })
    expect(ofType(rest.events, 'plan')[0]!.plan.firstStep).toBe(8)
    expect(rest.losses).toEqual(whole.losses)
    expect(rest.result.projector).toEqual(whole.result.projector)
    expect(store.files.has('state')).toBe(false)
  })

  it('loses no more than the steps since the last save when the device is lost', async () => {
    const whole = await taught(model, eight, { settings })
    const store = memoryStore()
    const mortal = await load(golden(name), { weights: 'q4', gpu: unsharedGpu() })
    const dying = async () => {
      for await (const event of mortal.teach(eight, { settings, store }))
        if (atStep(8)(event)) insidesOf(mortal).gpu.device.destroy()
    }
    await expect(dying()).rejects.toMatchObject({ code: 'device-lost' })
    const rest = await taught(model, eight, { settings, store, resume: true })
    expect(ofType(rest.events, 'plan')[0]!.plan.firstStep).toBe(6)
    expect(rest.losses).toEqual(whole.losses)
  })

  it('stops on request with what it has learned', async () => {
    const stop = new AbortController()
    const store = memoryStore()
    const events: TeachEvent[] = []
    for await (const event of model.teach(eight, { settings, store, signal: stop.signal })) {
      events.push(event)
      if (atStep(3)(event)) stop.abort()
    }
    expect(events.at(-1)).toMatchObject({ type: 'done', result: { reason: 'stopped', step: 3, steps: 12 } })
    expect(store.files.has('state')).toBe(true)
  })

  it('does not go on with other data or settings', async () => {
    const store = memoryStore()
    await run({ store }, atStep(5))
    const other = { settings: { ...settings, learningRate: 0.02 }, store, resume: true }
    await expect(taught(model, eight, other)).rejects.toThrow('The saved state is of another training')
    await expect(taught(model, eight.slice(1), { settings, store, resume: true })).rejects.toThrow('another training')
  })
})

describe('guards', () => {
  it('stops at a loss that is no number, with advice and the projector as it was', async () => {
    const { result } = await taught(model, eight, { settings: { ...settings, steps: 1, evalFraction: 0 } })
    const huge = await changed(result.projector, (value) => value * 1e30)
    const wild = { ...settings, projector: { file: huge }, evalFraction: 0 }
    const { result: end } = await taught(model, eight, { settings: wild })
    expect(end).toMatchObject({ reason: 'diverged', step: 0 })
    expect(end.advice).toMatch(/The loss of step 1 is NaN.*Try a smaller learning rate/)
    expect(await tensorsOf(end.projector)).toEqual(await tensorsOf(huge))
  })

  it('refuses what cannot fit, with the figures', async () => {
    const small = { ...settings, memoryLimit: 1e6 }
    await expect(taught(model, eight, { settings: small })).rejects.toThrow(
      /needs [\d.]+ MB on the GPU \(.*features take .*\), 1\.0 MB are allowed/,
    )
  })

  it('answers a chat between two steps, with the projector in use', async () => {
    const question = asks('What is shown in this image?', `${name}/image0.png`)
    const before = await answer(model, [question])
    let during: string | undefined
    for await (const event of model.teach(eight, { settings })) {
      if (atStep(4)(event)) during = (await answer(model, [question])).text
    }
    expect(during).toBe(before.text)
  })
})

async function changed(file: Uint8Array<ArrayBuffer>, change: (value: number) => number) {
  const { tensors } = await singleCheckpoint(bytesSource('projector', file))
  const entries = [...tensors].map(async ([key, ref]) => {
    return [key, { shape: ref.shape, data: (await readFloat32(ref)).map(change) }] as const
  })
  return writeSafetensors(Object.fromEntries(await Promise.all(entries)))
}
