import { expect, test } from 'vitest'
import { BeagleError } from '../errors.ts'
import type { EvaluationAnswer } from '../evaluationApi.ts'
import { connect, modelWith } from './testClient.ts'

const questions = ['x', 'y', 'z'].map((image) => ({ image, question: '?', answer: '!', kind: 'a' }))
const asked = {
  projectors: ['base'],
  questions,
  images: new Map(questions.map(({ image }) => [image, new Blob([image])])),
}

/** A model and an evaluation of it that writes down what comes after what. */
async function start(log: string[]) {
  const client = connect({
    load: async () =>
      modelWith({
        async *chat() {
          log.push('chat')
          yield { text: 'said' }
        },
      }),
    async *evaluate(_model, all, { open, signal }) {
      for (const [index, { image }] of all.entries()) {
        if (signal?.aborted) throw new BeagleError('aborted', 'Stopped on request.')
        log.push(`${index} ${await ((await open(image)) as Blob).text()}`)
        await new Promise((resolve) => setTimeout(resolve, 5))
        yield [{ index, projector: 'base', said: '!', right: true }]
      }
    },
  })
  await client.load('embedded', {})
  return client
}

test('an evaluation comes bit by bit, and chats come between its bits', async () => {
  const log: string[] = []
  const client = await start(log)
  const answers: EvaluationAnswer[] = []
  let chatted: Promise<unknown> | undefined
  await client.evaluate(asked, (some) => {
    answers.push(...some)
    chatted ??= client.chat({ messages: [], images: new Map(), options: {} }).next()
  })
  await chatted
  expect(answers.map(({ index }) => index)).toEqual([0, 1, 2])
  expect(log.slice(0, 2)).toEqual(['0 x', '1 y'])
  expect(log).toContain('chat')
  expect(log.indexOf('chat')).toBeLessThan(log.indexOf('2 z'))
})

test('it stops on request, and when another model is loaded', async () => {
  for (const end of ['cancel', 'load'] as const) {
    const log: string[] = []
    const client = await start(log)
    const stop = new AbortController()
    const evaluation = client.evaluate(
      asked,
      () => (end === 'cancel' ? stop.abort() : void client.load('embedded', {})),
      stop.signal,
    )
    await expect(evaluation).rejects.toMatchObject({ code: 'aborted' })
    expect(log.length).toBeLessThan(3)
  }
})

test('projectors beside the model are listed and fetched with their progress, fresh ones are planned', async () => {
  const offer = { name: 'few', label: 'Few', type: 'c-abs', visualTokens: 16, file: 'f', bytes: 4, description: '' }
  const info = { ...offer, parameters: 1, active: false, fresh: { type: 'c-abs' as const }, provenance: {} }
  const plan = { sizes: { tokens: 16 }, problems: {}, positions: 64, visualTokens: 16, parameters: 1 }
  const client = connect({
    load: async () =>
      modelWith({
        offeredProjectors: async () => [offer],
        fetchProjector: async (_name, options) => {
          options?.onProgress?.(1, 4)
          return info
        },
        planProjector: () => plan,
      }),
  })
  await client.load('embedded', {})
  expect(await client.offeredProjectors()).toEqual([offer])
  const seen: number[] = []
  expect(await client.fetchProjector('few', (loaded, total) => seen.push(loaded / total))).toEqual(info)
  expect(seen).toEqual([0.25])
  expect(await client.planProjector({ type: 'c-abs' })).toEqual(plan)
})
