import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { expect, it } from 'vitest'
import { load } from '../index.ts'
import type { TeachExample } from '../teachApi.ts'
import { answer } from '../testing/models.ts'
import { ofType, taught } from '../testing/teaching.ts'

const folder = fileURLToPath(new URL('../../public/models/pocket/eval/', import.meta.url))
const lines: { image: string; question: string; answer: string; kind: string }[] = readFileSync(
  `${folder}eval.jsonl`,
  'utf8',
)
  .trim()
  .split('\n')
  .map((line) => JSON.parse(line))

/** Eight pictures, each with the answer to another one's question, so that nothing of it is known before. */
function wrongAnswers(): TeachExample[] {
  const naming = lines.filter(({ kind }) => kind === 'naming')
  const first = naming.filter(({ image }, i) => naming.findIndex((line) => line.image === image) === i).slice(0, 8)
  return first.map(({ image, question }) => ({
    image: new Uint8Array(readFileSync(folder + image)),
    turns: [
      { question, answer: naming[(naming.findIndex((line) => line.image === image) + 37) % naming.length]!.answer },
    ],
    name: image,
  }))
}

it('learns eight examples by heart through q4 weights', async () => {
  const model = await load('embedded', { weights: 'q4' })
  const examples = wrongAnswers()
  const settings = {
    steps: 24,
    batchSize: 8,
    learningRate: 3e-3,
    warmup: 2,
    schedule: 'cosine',
    evalFraction: 0,
  } as const
  const { losses, events, result } = await taught(model, examples, { settings })
  expect(losses[0]).toBeGreaterThan(2)
  expect(losses.at(-1)).toBeLessThan(0.01)
  expect(ofType(events, 'plan')[0]!.plan).toMatchObject({ trainExamples: 8, memory: { recompute: false } })
  const { image, turns } = examples[0]!
  const asked = [
    {
      role: 'user' as const,
      content: [
        { type: 'image' as const, image },
        { type: 'text' as const, text: turns[0]!.question },
      ],
    },
  ]
  const before = await answer(model, asked)
  await model.addProjector('taught', result.projector)
  model.useProjector('taught')
  expect((await answer(model, asked)).text).toBe(turns[0]!.answer)
  model.useProjector('base')
  expect((await answer(model, asked)).text).toBe(before.text)
  expect(before.text).not.toBe(turns[0]!.answer)
  model.dispose()
})
