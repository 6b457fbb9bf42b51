import { afterAll, describe, expect, it } from 'vitest'
import { writeSafetensors } from './checkpoint/writeSafetensors.ts'
import { compare, type EvaluationAnswer, evaluate, isRight, load, scores } from './index.ts'
import { changedProjector } from './testing/goldenFiles.ts'
import { answer, asks, golden, goldenBytes } from './testing/models.ts'

const name = 'llava-clip-llama'
const [first, second] = [`${name}/image0.png`, `${name}/image1.png`]

it('an answer is right but for case, outer spaces and a final period', () => {
  expect(isRight(' A Red ball. ', 'a red ball')).toBe(true)
  expect(isRight('a red ball!', 'a red ball')).toBe(false)
  expect(isRight('two..', 'two')).toBe(false)
})

describe('a model with two projectors', async () => {
  const model = await load(golden(name), { weights: 'f32' })
  await model.addProjector('other', writeSafetensors(await changedProjector(name)))
  afterAll(() => model.dispose())
  const said = async (projector: string, image: string, question: string) => {
    model.useProjector(projector)
    const { text } = await answer(model, [asks(question, image)], { maxNewTokens: 6 })
    model.useProjector('base')
    return text
  }
  const asked = [
    { image: first, question: 'What is it?' },
    { image: first, question: 'Which colour?' },
    { image: second, question: 'What is it?' },
  ]
  const questions = await Promise.all(
    asked.map(async (one, i) => ({ ...one, answer: i === 1 ? 'no such answer' : '', kind: i < 2 ? 'a' : 'b' })),
  )
  for (const question of questions)
    if (question.answer === '') question.answer = await said('base', question.image, question.question)
  const open = async (path: string) => goldenBytes(path)
  const options = { open, maxNewTokens: 6 }

  it('is asked image by image and projector by projector, and is as before between them', async () => {
    const opened: string[] = []
    const order: string[] = []
    const answers: EvaluationAnswer[] = []
    const projectors = ['base', 'other']
    const counted = async (path: string) => {
      opened.push(path)
      return open(path)
    }
    for await (const some of evaluate(model, questions, { ...options, projectors, open: counted })) {
      order.push(`${some[0]!.projector} ${some.map(({ index }) => index).join()}`)
      answers.push(...some)
      expect(model.projectors().map(({ active }) => active)).toEqual([true, false])
    }
    expect(order).toEqual(['base 0,1', 'other 0,1', 'base 2', 'other 2'])
    expect(opened).toEqual([first, second])
    const of = (projector: string) => answers.filter((one) => one.projector === projector)
    expect(of('base').map(({ right }) => right)).toEqual([true, false, true])
    for (const { index, said: text } of of('other'))
      expect(text).toBe(await said('other', questions[index]!.image, questions[index]!.question))
    expect(scores(questions, of('base'))).toEqual({
      all: { right: 2, of: 3 },
      kinds: { a: { right: 1, of: 2 }, b: { right: 1, of: 1 } },
    })
  })

  it('is asked with the projector in use where none is named, and stops on request', async () => {
    model.useProjector('other')
    const stop = new AbortController()
    const seen: EvaluationAnswer[] = []
    const work = async () => {
      for await (const some of evaluate(model, questions, { ...options, signal: stop.signal })) {
        seen.push(...some)
        stop.abort()
      }
    }
    await expect(work()).rejects.toMatchObject({ code: 'aborted' })
    expect(seen.map(({ projector }) => projector)).toEqual(['other', 'other'])
    model.useProjector('base')
  })

  it('is compared on one question with nothing reused', async () => {
    const image = goldenBytes(first)
    const question = 'What is it?'
    const asked = { projectors: ['other', 'base'], runs: 2, maxNewTokens: 6 }
    const rows = []
    for await (const row of compare(model, { image, question }, asked)) rows.push(row)
    expect(rows.map(({ projector }) => projector)).toEqual(['other', 'base'])
    for (const row of rows) {
      expect(row.text).toBe(await said(row.projector, first, question))
      expect(row).toMatchObject({ type: 'mlp2x_gelu', visualTokens: 16, runs: 2 })
      expect(row.visualTokenBytes).toBe(16 * model.info.cacheBytesPerToken)
      expect(row.encodeMs).toBeGreaterThan(0)
      expect(row.firstTokenMs).toBeGreaterThan(row.encodeMs)
    }
    expect(model.projectors()[0]!.active).toBe(true)
  })

  it('encodes an image again and computes every row of the prompt where it is to reuse nothing', async () => {
    const messages = [asks('What is it?', first)]
    await answer(model, messages)
    expect(await answer(model, messages)).toMatchObject({ imagesEncoded: 0 })
    const { imagesEncoded, cachedTokens } = await answer(model, messages, { reuse: false })
    expect({ imagesEncoded, cachedTokens }).toEqual({ imagesEncoded: 1, cachedTokens: 0 })
  })
})
