import type { VisionConfig } from '../checkpoint/configTypes.ts'
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
const defaultChunk = { rows: 512, bytes: 2 ** 25 }

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
  chunk = defaultChunk,
): Promise<Explanation> {
  const { config, tokenizer } = parts.session.tools
  if (config.kind !== 'llava' || prompt.images.length === 0)
    throw new BeagleError('bad-argument', 'There is no image in these messages, so no attention to one can be shown.')
  const { text, tokens } = answerTokens(tokenizer, ids)
  const explained = rangeOf(tokens, wanted)
  const { layers, heads } = config.text
  const columns = Uint32Array.from(prompt.ids.keys()).filter((row) => prompt.ids[row] === config.imageTokenId)
  const shape = { layers, heads, visualTokens: columns.length }
  checkSize(explained, shape)
  const visual = await parts.session.vision!.tokensOf(prompt.images, parts.weights.projector!, signal)
  const images = await imagesOf(parts, prompt, visual, config.vision, signal)
  const rows = [...prompt.ids, ...ids]
  const choosing = prompt.ids.length - 1
  const range = { first: choosing + explained[0], end: choosing + explained[1] }
  const data = await attentionOf(parts, { rows, visual, columns, range, signal }, chunk)
  const perToken = data.length / (explained[1] - explained[0])
  const imageShare = Float32Array.from({ length: data.length / perToken }, (_, i) => {
    const own = data.subarray(i * perToken, (i + 1) * perToken)
    return own.reduce((sum, weight) => sum + weight, 0) / (layers * heads)
  })
  return { text, tokens, words: answerWords(text, tokens), explained, ...shape, data, imageShare, images }
}

function checkSize(
  [first, end]: readonly [number, number],
  shape: Pick<Explanation, 'layers' | 'heads' | 'visualTokens'>,
) {
  const { layers, heads, visualTokens } = shape
  const bytes = 4 * (end - first) * layers * heads * visualTokens
  if (bytes <= mostBytes) return
  throw new BeagleError(
    'bad-argument',
    `The attention of ${end - first} tokens to ${visualTokens} visual tokens in ${layers} layers of ${heads} heads takes ${Math.round(bytes / 2 ** 20)} MB, at most ${mostBytes / 2 ** 20} are read at once. Ask for fewer tokens at a time.`,
  )
}

/** What the model saw of each image, and where on it the visual tokens come from. */
async function imagesOf(
  { gpu, weights, session }: Parts,
  prompt: EncodedPrompt,
  visual: readonly Tensor[],
  encoder: VisionConfig,
  signal: AbortSignal | undefined,
): Promise<ExplainedImage[]> {
  const vision = session.vision!
  const side = Math.floor(encoder.image / encoder.patch)
  const images: ExplainedImage[] = []
  for (const [i, image] of prompt.images.entries()) {
    const { width, height } = await image.open()
    const first = images.at(-1)?.tokens[1] ?? 0
    images.push({
      ...{ width, height, frame: vision.frame({ width, height }), grid: { rows: side, columns: side } },
      tokens: [first, first + rowsOf(visual[i]!)],
      origin: await originOf(gpu, weights.projector!, side, () => vision.known(image, signal)),
    })
  }
  return images
}

interface Reading {
  /** The prompt and its answer. */
  rows: readonly number[]
  visual: readonly Tensor[]
  /** The keys whose attention is read. */
  columns: Uint32Array<ArrayBuffer>
  /** The rows whose attention is read. */
  range: { first: number; end: number }
  signal: AbortSignal | undefined
}

/** Reads rows from the first on, in chunks, and gives the attention of those of the range, [rows, layers, heads, columns]. */
async function attentionOf(parts: Parts, { rows, visual, columns, range, signal }: Reading, most: typeof defaultChunk) {
  const { layers, heads } = parts.session.tools.config.text
  const perRow = layers * heads * columns.length
  const data = new Float32Array((range.end - range.first) * perRow)
  const watched = Math.max(1, Math.min(most.rows, Math.floor(most.bytes / (4 * perRow))))
  for (let from = 0, to = 0; from < range.end; from = to) {
    throwIfAborted(signal)
    const before = from < range.first
    to = before ? Math.min(from + most.rows, range.first) : Math.min(from + watched, range.end)
    const chunk = { rows: rows.slice(0, to), from, visual }
    if (before) await execute(parts.gpu, 'explain', (pass) => readChunk(pass, parts, chunk))
    else data.set(await chunkAttention(parts, chunk, columns), (from - range.first) * perRow)
  }
  if (!data.some(Number.isNaN)) return data
  throw new BeagleError('wrong-result', 'The attention is not a number. Try f32 weights, or another browser or driver.')
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

/** Reads a chunk and gives the attention of its rows to `columns`, [rows, layers, heads, columns]. */
async function chunkAttention(parts: Parts, chunk: Chunk, columns: Uint32Array): Promise<Float32Array> {
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
