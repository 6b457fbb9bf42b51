import { type ChatResult, load, type Message, type Model, type RgbImage } from '../src/index.ts'
import { type Bench, median } from './table.ts'

const runs = 9
const warmUps = 3
const promptTokens = 88
const questions = ['Describe the image.', 'How many things are there in the image?']

interface Turn {
  /** Milliseconds from the call to the first token in the caller's hands, by the caller's own clock. */
  firstToken: number
  result: ChatResult
}

/**
 * The embedded model from question to answer, q4, each run with an image never seen before: a prompt of 88 tokens (the
 * image's own included), then a second question about the same image. Fails where the cache did not do its part.
 */
export const endToEnd: Bench = async ({ gpu, log }) => {
  const model = await load('embedded', { gpu, weights: 'q4', cache: false })
  const first = await padQuestion(model)
  const measured: { first: Turn; second: Turn }[] = []
  for (let run = 0; run < warmUps + runs; run++) {
    const opening: Message = {
      role: 'user',
      content: [
        { type: 'image', image: scene(run) },
        { type: 'text', text: first },
      ],
    }
    const one = await ask(model, [opening])
    const answer: Message = { role: 'assistant', content: one.result.text }
    const two = await ask(model, [opening, answer, { role: 'user', content: questions[1]! }])
    verify(one.result, two.result)
    if (run >= warmUps) measured.push({ first: one, second: two })
    log(`run ${run + 1}/${warmUps + runs}: first token ${one.firstToken.toFixed(0)} ms, "${one.result.text}"`)
  }
  const { info } = model
  const middle = (read: (pair: { first: Turn; second: Turn }) => number) => median(measured.map(read))
  const last = measured.at(-1)!
  model.dispose()
  return [
    {
      title: `End to end: ${info.name}, ${info.encoder}, ${info.decoder}, ${info.weights}`,
      note:
        `Median of ${runs} runs after ${warmUps}; prompt of ${last.first.result.inputIds.length} tokens, answers of ` +
        `${last.first.result.ids.length}, second question of ${last.second.result.prefilledTokens} new tokens. The peers' ` +
        'figures are of a model of this shape in headless Chromium on lavapipe, two cores.',
      columns: ['', 'Beagle', 'transformers.js 4.3.1', 'onnxruntime-web at its best', 'target'],
      rows: [
        ['encode an image, ms', middle(({ first }) => first.result.timings.encode), 76, '', ''],
        ['first token, ms', middle(({ first }) => first.firstToken), 148, 135, '< 67'],
        ['second question, first token, ms', middle(({ second }) => second.firstToken), 41, 36, '< 18'],
        ['tokens/s', middle(({ first }) => first.result.timings.tokensPerSecond), 52, 63, '> 126'],
      ],
    },
  ]
}

/** A question with as much small talk before it as makes the prompt 88 tokens long. */
async function padQuestion(model: Model): Promise<string> {
  let text = questions[0]!
  for (let words = 0; words < promptTokens; words++) {
    const padded = `${'the '.repeat(words)}${questions[0]}`
    const content: Message['content'] = [
      { type: 'image', image: scene(0) },
      { type: 'text', text: padded },
    ]
    const { tokens } = await model.count([{ role: 'user', content }])
    if (tokens > promptTokens) break
    text = padded
  }
  return text
}

async function ask(model: Model, messages: Message[]): Promise<Turn> {
  const start = performance.now()
  let firstToken = 0
  for await (const chunk of model.chat(messages, { temperature: 0, maxNewTokens: 64 })) {
    if (chunk.id !== undefined) firstToken ||= performance.now() - start
    if (chunk.result) return { firstToken, result: chunk.result }
  }
  throw new Error('The answer ended without a result.')
}

function verify(first: ChatResult, second: ChatResult): void {
  if (first.imagesEncoded !== 1 || first.cachedTokens > first.inputIds.length / 2)
    throw new Error(
      `The first question should encode its image: ${first.imagesEncoded} encoded, ${first.cachedTokens} cached.`,
    )
  if (second.imagesEncoded !== 0 || second.cachedTokens < first.inputIds.length)
    throw new Error(
      `The second question should find ${first.inputIds.length} tokens cached, not ${second.cachedTokens}.`,
    )
}

/** A coloured disc on a plain ground; each number another picture. */
function scene(number: number): RgbImage {
  const size = 128
  const data = new Uint8ClampedArray(size * size * 3)
  const centre = 40 + ((number * 13) % 48)
  for (let y = 0; y < size; y++) {
    for (let x = 0; x < size; x++) {
      const inside = (x - centre) ** 2 + (y - centre) ** 2 < 24 ** 2
      data.set(inside ? [220, 40 + number, 40] : [235, 235, 225 - number], (y * size + x) * 3)
    }
  }
  return { width: size, height: size, data }
}
