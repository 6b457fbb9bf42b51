import { afterAll, expect, it } from 'vitest'
import type { ChatResult, Message } from '../api.ts'
import { load } from '../index.ts'
import type { TeachEvent, TeachExample } from '../teachApi.ts'
import { answer, asks, golden, says } from '../testing/models.ts'
import { goldenExamples, goldenSettings, ofType } from '../testing/teaching.ts'

const name = 'llava-clip-llama'
const model = await load(golden(name), { weights: 'q4' })
afterAll(() => model.dispose())

const examples = ['red', 'a circle', 'blue and green', 'nothing', 'two', 'seven'].map(
  (said, i): TeachExample => ({
    ...goldenExamples(name)[i % 2]!,
    turns: [{ question: `Question number ${i}?`, answer: said }],
    name: `example ${i}`,
  }),
)
const settings = { ...goldenSettings, steps: 16, accumulate: 2, evalFraction: 0.3, evalEvery: 4 }

/** A conversation of three turns whose rows stay in the cache, one about the other image, and one in words alone. */
async function* chats(): AsyncGenerator<ChatResult> {
  const conversation: Message[] = []
  for (const question of [
    asks('What is shown in this image?', `${name}/image0.png`),
    asks('Why?'),
    asks('How many?'),
  ]) {
    conversation.push(question)
    const result = await answer(model, conversation)
    yield result
    conversation.push(says(result.text))
  }
  yield answer(model, [asks('What is shown in this image?', `${name}/image1.png`)], { temperature: 1, seed: 7 })
  yield answer(model, [asks('Tell a story.')], { maxNewTokens: 24 })
}

/** Events of a training, of which each is told to `log`. */
async function lessons(log: string[] = []): Promise<TeachEvent[]> {
  const events: TeachEvent[] = []
  for await (const event of model.teach(examples, { settings, sampleAnswers: 2 })) {
    events.push(event)
    log.push(event.type)
  }
  return events
}

/** The five answers, `rounds` times; each is told to `log`. */
async function answers(rounds: number, log: string[] = []): Promise<number[][]> {
  const all: number[][] = []
  for (let round = 0; round < rounds; round++) {
    for await (const { ids } of chats()) {
      all.push([...ids])
      log.push('answer')
    }
  }
  return all
}

const learned = (events: TeachEvent[]) => ({
  losses: ofType(events, 'step').map(({ loss, gradNorm }) => [loss, gradNorm]),
  evaluations: ofType(events, 'evaluation').map(({ loss, exact, answers }) => ({ loss, exact, answers })),
  projector: ofType(events, 'done')[0]!.result.projector,
})

it('answers in the midst of a training as without one, and learns as if nobody asked', async () => {
  const rounds = 4
  const alone = await answers(rounds)
  const quiet = learned(await lessons())
  const log: string[] = []
  const [events, said] = await Promise.all([lessons(log), answers(rounds, log)])
  expect(said).toEqual(alone)
  expect(learned(events)).toEqual(quiet)
  expect(quiet.losses).toHaveLength(settings.steps)
  expect(new Set(alone.map(String)).size).toBe(5)
  const between = log.slice(log.indexOf('step'), log.lastIndexOf('step')).filter((what) => what === 'answer')
  expect(between.length).toBeGreaterThan(4)
})

it('refuses a second answer while one is being written, also during a training, which goes on', async () => {
  const quiet = learned(await lessons())
  const question = asks('What is shown in this image?', `${name}/image0.png`)
  const [events, ...both] = await Promise.allSettled([lessons(), answer(model, [question]), answer(model, [question])])
  expect(both.map(({ status }) => status)).toEqual(['fulfilled', 'rejected'])
  expect(both[1]).toMatchObject({ reason: { code: 'busy' } })
  expect(events.status === 'fulfilled' && learned(events.value)).toEqual(quiet)
})
