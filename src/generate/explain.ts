import { BeagleError, throwIfAborted } from '../errors.ts'
import type { AnswerToken, ExplainedImage, ExplainOptions, Explanation } from '../explainApi.ts'
import type { Gpu } from '../gpu/device.ts'
import type { AttentionWatch } from '../models/decoders/llama.ts'
import { type LmmWeights, read } from '../models/lmm.ts'
import { attentionWeights } from '../ops/attentionWeights.ts'
import { execute, executeAndRead, upload } from '../tensor/execute.ts'
import type { Pass } from '../tensor/pass.ts'
import { rowsOf, type Tensor } from '../tensor/tensor.ts'
import { answerTokens, answerWords } from './answerTokens.ts'
import type { Decoding } from './decoding.ts'
import { originOf } from './origins.ts'
import type { EncodedPrompt, PromptTools } from './prompt.ts'
import type { Vision } from './vision.ts'

/** Rows of one submit, and the bytes of attention that it may read back. */
const [chunkRows, chunkBytes] = [512, 2 ** 25]

/** The most that an explanation may hold, in bytes. */
const mostBytes = 2 ** 29

interface Parts {
  gpu: Gpu
  weights: LmmWeights
  session: { decoding: Decoding; vision?: Vision; tools: PromptTools }
}

/**
 * Runs a prompt and its answer through the decoder, from an empty cache, and reads where the attention of the rows that chose the
 * answer's tokens went: see `Model.explain`.
 */
export async function explain(
  parts: Parts,
  prompt: EncodedPrompt,
  ids: readonly number[],
  { tokens: wanted, signal }: ExplainOptions,
): Promise<Explanation> {
  const { config, tokenizer } = parts.session.tools
  if (config.kind !== 'llava' || prompt.images.length === 0)
    throw new BeagleError('bad-argument', 'There is no image in these messages, so no attention to one can be shown.')
  const { text, tokens } = answerTokens(tokenizer, ids)
  const [first, end] = rangeOf(tokens, wanted)
  const { layers, heads } = config.text
  const rows = [...prompt.ids, ...ids]
  const columns = Uint32Array.from(prompt.ids.keys()).filter((row) => prompt.ids[row] === config.imageTokenId)
  const perToken = layers * heads * columns.length
  if (4 * perToken * (end - first) > mostBytes)
    throw new BeagleError(
      'bad-argument',
      `The attention of ${end - first} tokens to ${columns.length} visual tokens in ${layers} layers of ${heads} heads takes ${Math.round((4 * perToken * (end - first)) / 2 ** 20)} MB, at most ${mostBytes / 2 ** 20} are read at once. Ask for fewer tokens at a time.`,
    )
  const { vision } = parts.session
  const projector = parts.weights.projector!
  const visual = await vision!.tokensOf(prompt.images, projector, signal)
  const side = Math.floor(config.vision.image / config.vision.patch)
  const images: ExplainedImage[] = []
  for (const image of prompt.images) {
    const { width, height } = await image.open()
    const from = images.at(-1)?.tokens[1] ?? 0
    images.push({
      ...{ width, height, frame: vision!.frame({ width, height }), grid: { rows: side, columns: side } },
      tokens: [from, from + rowsOf(visual[images.length]!)],
      origin: await originOf(parts.gpu, projector, side, () => vision!.known(image, signal)),
    })
  }
  const data = new Float32Array((end - first) * perToken)
  const wantedFrom = prompt.ids.length - 1 + first
  const wantedRows = Math.max(1, Math.min(chunkRows, Math.floor(chunkBytes / (4 * perToken))))
  for (let row = 0, count = 0; row < wantedFrom + end - first; row += count) {
    throwIfAborted(signal)
    const before = row < wantedFrom
    count = before ? Math.min(chunkRows, wantedFrom - row) : Math.min(wantedRows, wantedFrom + end - first - row)
    const chunk = { rows: rows.slice(0, row + count), from: row, visual }
    if (before) await readOn(parts, chunk)
    else data.set(await attentionOf(parts, chunk, columns), (row - wantedFrom) * perToken)
  }
  if (data.some(Number.isNaN))
    throw new BeagleError(
      'wrong-result',
      'The attention is not a number. Try f32 weights, or another browser or driver.',
    )
  const imageShare = Float32Array.from({ length: end - first }, (_, i) => {
    const own = data.subarray(i * perToken, (i + 1) * perToken)
    return own.reduce((sum, weight) => sum + weight, 0) / (layers * heads)
  })
  const shape = { layers, heads, visualTokens: columns.length }
  return { text, tokens, words: answerWords(text, tokens), explained: [first, end], ...shape, data, imageShare, images }
}

/** The tokens that are wanted, at least one of the answer's. */
function rangeOf(tokens: readonly AnswerToken[], [first, end]: readonly [number, number] = [0, tokens.length]) {
  if (Number.isInteger(first) && Number.isInteger(end) && first >= 0 && first < end && end <= tokens.length)
    return [first, end] as const
  throw new BeagleError(
    'bad-argument',
    `The answer has ${tokens.length} tokens, ${first} up to ${end} are asked for. Give the first and the one after the last.`,
  )
}

/** A prompt up to the end of a chunk that begins at row `from`; the rows before it are in the cache. */
interface Chunk {
  rows: readonly number[]
  from: number
  visual: readonly Tensor[]
}

function readChunk(pass: Pass, { weights, session }: Parts, { rows, from, visual }: Chunk, watch?: AttentionWatch) {
  const { decoding, tools } = session
  decoding.begin(from)
  read(pass, weights, tools.config, decoding.state, decoding.promptOf(pass, rows, from, rows.length, visual), watch)
}

const readOn = (parts: Parts, chunk: Chunk) => execute(parts.gpu, 'explain', (pass) => readChunk(pass, parts, chunk))

/** Reads a chunk and gives the attention of its rows to `columns`, [rows, layers, heads, columns]. */
async function attentionOf(parts: Parts, chunk: Chunk, columns: Uint32Array): Promise<Float32Array> {
  const { gpu, session } = parts
  const { layers, heads, kvHeads, headDim: headWidth } = session.tools.config.text
  const count = chunk.rows.length - chunk.from
  const perLayer = count * heads * columns.length
  const { all } = await executeAndRead(gpu, 'explain', (pass) => {
    const all = pass.scratch([layers, count, heads, columns.length])
    const keys = pass.scratch([columns.length], 'u32')
    upload(gpu, keys, columns)
    const options = { rows: { first: 0, count }, heads, kvHeads, headWidth, causal: { position: chunk.from } }
    readChunk(pass, parts, chunk, (layer, q, k) => {
      const weights = attentionWeights(pass, { q, k, columns: keys }, options)
      pass.copy(weights, all, 4 * perLayer, 0, 4 * perLayer * layer)
    })
    return { all }
  })
  const perRow = heads * columns.length
  const byRow = new Float32Array(all!.length)
  for (let i = 0; i < count * layers; i++) {
    const [row, layer] = [Math.floor(i / layers), i % layers]
    const from = layer * perLayer + row * perRow
    byRow.set(all!.subarray(from, from + perRow), i * perRow)
  }
  return byRow
}
