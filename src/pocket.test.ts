import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import { run } from './cli/run.ts'
import { load, type Message } from './index.ts'
import { expectClose } from './testing/checkOp.ts'
import { fakeTerminal } from './testing/fakeTerminal.ts'
import { answer, says } from './testing/models.ts'

const shipped = (file: string) => join(import.meta.dirname, '../public/models/pocket/eval', file)

/** What transformers computes for a chat's last question; the answers before it stand in the prompt. */
interface ParityCase {
  image: string
  questions: string[]
  prompt: string
  inputIds: number[]
  greedyIds: number[]
  lastLogits: number[]
}
const parity: { cases: ParityCase[] } = JSON.parse(readFileSync(shipped('parity.json'), 'utf8'))

function shown(name: string, text: string): Message {
  const image = new Uint8Array(readFileSync(shipped(name)))
  return {
    role: 'user',
    content: [
      { type: 'image', image },
      { type: 'text', text },
    ],
  }
}

function messagesOf({ image, questions, prompt }: ParityCase): Message[] {
  const answers = [...prompt.matchAll(/ASSISTANT: (.*?)<\/s>/g)].map(([, text]) => says(text!))
  const [first, ...later] = questions
  const asked: Message[] = [shown(image, first!), ...later.map((content) => ({ role: 'user', content }) as const)]
  return asked.flatMap((question, i) => (i < answers.length ? [question, answers[i]!] : [question]))
}

describe('the embedded model', async () => {
  const model = await load('embedded', { weights: 'f32' })
  afterAll(() => model.dispose())

  it.each(parity.cases)('answers $questions about $image as transformers does', async (wanted) => {
    const messages = messagesOf(wanted)
    const { inputIds, ids } = await answer(model, messages, { maxNewTokens: wanted.greedyIds.length })
    expect({ inputIds, ids }).toEqual({ inputIds: wanted.inputIds, ids: wanted.greedyIds })
    const logits = (await model.trace(messages)).tensors.logits!.data
    expectClose('last logits', logits.slice(-wanted.lastLogits.length), wanted.lastLogits, 1e-4)
  })

  it('comes with projectors that are as their index says, all of them under 12 MB', async () => {
    const offered = await model.offeredProjectors()
    for (const { name, type, visualTokens } of offered) {
      expect(await model.fetchProjector(name)).toMatchObject({ name, type, visualTokens })
      model.useProjector(name)
      const question = [shown('scene000.png', 'What is in the image?')]
      expect((await answer(model, question, { maxNewTokens: 2 })).visualTokens).toBe(visualTokens)
      model.useProjector('base')
      model.removeProjector(name)
    }
    expect(offered.reduce((sum, { bytes }) => sum + bytes, 0)).toBeLessThan(12e6)
  })

  it('prefills only the new tokens of a second question', async () => {
    const first = shown('scene000.png', 'Describe the image.')
    const one = await answer(model, [first], { maxNewTokens: 60 })
    expect(one.finishReason).toBe('stop')
    const turns = [first, says(one.text), { role: 'user', content: 'How many things are there?' } as const]
    const two = await answer(model, turns, { maxNewTokens: 20 })
    const known = one.inputIds.length + one.ids.length - 1
    expect(two).toMatchObject({ imagesEncoded: 0, cachedTokens: known, prefilledTokens: two.inputIds.length - known })
  })
})

describe('its evaluation set', () => {
  it('is answered rightly in q4', async () => {
    const { terminal, written } = fakeTerminal()
    const data = shipped('eval.jsonl')
    expect(await run(['evaluate', '--data', data, '--only', 'scene', '--limit', '80', '--json'], '', terminal)).toBe(0)
    const { total } = JSON.parse(written.out)
    expect(total.right / total.of).toBeGreaterThan(0.8)
  })
})
