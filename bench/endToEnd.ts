import { type ChatResult, load, type Message, type Model, type RgbImage } from '../src/index.ts'
import { pocketShape, shapeFiles } from './shapes.ts'
import { type Bench, median } from './table.ts'

const runs = 9
const warmUps = 3
const promptTokens = 88
const answerTokens = 64
const secondTokens = 16

interface Turn {
  /** Milliseconds from the call to the first token in the caller's hands, by the caller's own clock. */
  firstToken: number
  /** From the first token in the caller's hands to the last. */
  tokensPerSecond: number
  result: ChatResult
}

interface Pair {
  first: Turn
  second: Turn
}

/**
 * A model of the embedded one's shape from question to answer, q4, each run with an image never seen before: a prompt of 88
 * tokens (64 of them the image's), then a second question about the same image. Fails where the cache did not do its part.
 */
export const endToEnd: Bench = async ({ gpu, log }) => {
  const model = await load(
    { kind: 'files', files: shapeFiles(pocketShape), name: 'pocket shape' },
    { gpu, cache: false },
  )
  log(`loaded in ${model.memory().totalBytes >> 20} MiB`)
  const bare = await model.count([ask(0, '')])
  const measured: Pair[] = []
  let cold: Turn | undefined
  for (let run = 0; run < warmUps + runs; run++) {
    const opening = ask(run, words(promptTokens - bare.tokens, 100))
    const one = await answer(model, [opening])
    const history: Message[] = [opening, { role: 'assistant', content: one.result.text.trim() }]
    const two = await answer(model, [...history, { role: 'user', content: words(secondTokens, 300) }])
    verify(one.result, two.result)
    cold ??= one
    if (run >= warmUps) measured.push({ first: one, second: two })
    log(
      `run ${run + 1}/${warmUps + runs}: first token ${one.firstToken.toFixed(0)} ms, ${one.tokensPerSecond.toFixed(0)} tokens/s`,
    )
  }
  const { info } = model
  const last = measured.at(-1)!
  model.dispose()
  const row = (name: string, read: (pair: Pair) => number, best: typeof Math.min, ...rest: (string | number)[]) => {
    const values = measured.map(read)
    return [name, median(values), best(...values), ...rest]
  }
  return [
    {
      title: `End to end: ${info.name}, ${info.encoder}, ${info.decoder}, ${info.weights}`,
      note:
        `${runs} runs after ${warmUps}; prompt of ${last.first.result.inputIds.length} tokens, answers of ` +
        `${last.first.result.ids.length}, second question of ${last.second.result.prefilledTokens} new tokens. The peers' ` +
        'figures are of a model of this shape in headless Chromium on lavapipe, two cores.',
      columns: ['', 'median', 'best', 'transformers.js 4.3.1', 'onnxruntime-web at its best', 'target'],
      rows: [
        row('encode an image, ms', ({ first }) => first.result.timings.encode, Math.min, 76, '', ''),
        row('first token, ms', ({ first }) => first.firstToken, Math.min, 148, 135, 67),
        row('second question, first token, ms', ({ second }) => second.firstToken, Math.min, 41, 36, 18),
        row('tokens/s', ({ first }) => first.tokensPerSecond, Math.max, 52, 63, 126),
        ['load, ms', cold!.result.timings.load],
        ['first token of the first run, ms', cold!.firstToken],
      ],
    },
  ]
}

/** So many tokens of text. */
function words(count: number, first: number): string {
  return Array.from({ length: count }, (_, word) => `<${first + word}>`).join(' ')
}

function ask(picture: number, text: string): Message {
  return {
    role: 'user',
    content: [
      { type: 'image', image: scene(picture) },
      { type: 'text', text },
    ],
  }
}

async function answer(model: Model, messages: Message[]): Promise<Turn> {
  const start = performance.now()
  let firstToken = 0
  let lastToken = 0
  for await (const chunk of model.chat(messages, { temperature: 0, maxNewTokens: answerTokens })) {
    if (chunk.id !== undefined) {
      lastToken = performance.now() - start
      firstToken ||= lastToken
    }
    if (!chunk.result) continue
    const rate = (1000 * (chunk.result.ids.length - 1)) / (lastToken - firstToken)
    return { firstToken, tokensPerSecond: rate, result: chunk.result }
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
