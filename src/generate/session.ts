import type { ChatChunk, ChatOptions, ChatResult, Message, Timings } from '../api.ts'
import { BeagleError } from '../errors.ts'
import type { Gpu } from '../gpu/device.ts'
import type { PreprocessorConfig } from '../image/preprocess.ts'
import type { LmmWeights } from '../models/lmm.ts'
import { instructionTokensOf, type Projector, visualTokensOf } from '../models/projectors/projector.ts'
import { stopStrings } from '../text/stopStrings.ts'
import { Decoding } from './decoding.ts'
import { type EncodedPrompt, encodeMessages, markOf, type PromptTools, type Seeing } from './prompt.ts'
import { sampleSettings } from './sampling.ts'
import type { SeenImage } from './seenImage.ts'
import { Vision } from './vision.ts'

/** Tokens of an answer when neither the caller nor generation_config says. */
const defaultNewTokens = 256

export interface SessionParts extends PromptTools {
  gpu: Gpu
  weights: LmmWeights
  preprocessor: PreprocessorConfig
  maxContext: number
  loadMs: number
  /** Brings the encoder's weights back after they have left the GPU. */
  bringEncoder(): Promise<void>
}

/** Answers messages; remembers what the cache holds, so that a conversation that goes on computes only what is new. */
export class Session {
  readonly decoding: Decoding
  readonly vision: Vision | undefined
  /** Marks of the rows in the cache. */
  private cached: string[] = []
  /** The projector whose visual tokens are among them. */
  private projector: Projector | undefined

  constructor(private readonly parts: SessionParts) {
    const { gpu, weights, config, maxContext } = parts
    this.decoding = new Decoding(gpu, weights, config, maxContext)
    if (config.kind === 'llava') this.vision = new Vision(gpu, weights, config, parts)
  }

  /** Encodes a prompt and checks that it leaves room for an answer. Throws `context-full`, with the conversation as it was. */
  async encode(messages: readonly Message[]): Promise<EncodedPrompt> {
    const prompt = await encodeMessages(messages, this.parts, this.seeing)
    const { capacity } = this.decoding
    if (prompt.ids.length < capacity) return prompt
    throw new BeagleError(
      'context-full',
      `The conversation takes ${prompt.ids.length} tokens, the context holds ${capacity} with the answer. Start a new conversation, drop an image or an earlier turn, or load the model with a larger context.`,
    )
  }

  /** A prompt and the ids of its answer. Throws `context-full` where both do not fit. */
  async encodeAnswered(messages: readonly Message[], answer: readonly number[] | string) {
    const prompt = await this.encode(messages)
    const { tokenizer } = this.parts
    const ids = typeof answer === 'string' ? tokenizer.encode(answer, { addSpecialTokens: false }) : answer
    const rows = prompt.ids.length + ids.length - 1
    const { capacity } = this.decoding
    if (rows <= capacity) return { prompt, ids }
    throw new BeagleError(
      'context-full',
      `The conversation and its answer take ${rows} tokens, the context holds ${capacity}. Load the model with a larger context.`,
    )
  }

  /** Tokens of a prompt, also of one that is too long. */
  async count(messages: readonly Message[]): Promise<number> {
    return (await encodeMessages(messages, this.parts, this.seeing)).ids.length
  }

  private get seeing(): Seeing {
    const { projector } = this.parts.weights
    return projector
      ? { visualTokens: visualTokensOf(projector), instructionTokens: instructionTokensOf(projector) }
      : { visualTokens: 0, instructionTokens: 0 }
  }

  /** The cache is about to be used by someone else. */
  forget(): void {
    this.cached = []
  }

  /** What turns messages into tokens. */
  get tools(): PromptTools {
    return this.parts
  }

  /** The most probable answer, of at most 48 tokens, to a prompt about the image of `features`, seen with the projector of `weights`. */
  async say(ids: readonly number[], { features, instruction }: SeenImage, weights: LmmWeights): Promise<string> {
    const { config, tokenizer } = this.parts
    this.forget()
    const visual = await this.vision!.projected({ features, instruction }, weights.projector!)
    const said: number[] = []
    try {
      const greedy = sampleSettings({ temperature: 0 }, {})
      let id = await this.decoding.prefill(ids, 0, [visual], greedy)
      while (!config.eos.includes(id) && said.length < 48 && ids.length + said.length < this.decoding.capacity) {
        said.push(id)
        id = await this.decoding.decode()
      }
    } finally {
      this.parts.gpu.memory.destroy(visual.buffer)
    }
    return tokenizer.decode(said).trim()
  }

  /** See `Model.chat`. */
  async *chat(messages: readonly Message[], options: ChatOptions): AsyncGenerator<ChatChunk, void, void> {
    const start = performance.now()
    const { config, tokenizer } = this.parts
    const settings = sampleSettings(options, config.generation)
    const prompt = await this.encode(messages)
    const room = this.decoding.capacity - prompt.ids.length
    const limit = Math.min(room, options.maxNewTokens ?? config.generation.maxNewTokens ?? defaultNewTokens)
    if (!(limit >= 1))
      throw new BeagleError('bad-argument', `maxNewTokens must be at least 1, got ${options.maxNewTokens}.`)
    const text = tokenizer.stream()
    const stops = stopStrings(options.stop ?? [])
    const run = new Run(prompt, this.parts.loadMs, start)
    if (options.reuse === false) {
      this.forget()
      this.vision?.forgetAll()
    }
    const { signal } = options
    const finish = (reason: ChatResult['finishReason'], rest = ''): ChatChunk => {
      const text = run.say(rest)
      return { text, result: run.result(reason) }
    }
    try {
      let id = await this.first(prompt, run, settings, signal)
      for (;;) {
        run.add(id)
        if (config.eos.includes(id)) return yield finish('stop', stops.push(text.end()).text + stops.end())
        const last = run.ids.length >= limit
        if (!last && !signal?.aborted) this.submitAhead(limit - run.ids.length)
        const { text: piece, stopped } = stops.push(text.push(id))
        yield { text: run.say(piece), id }
        if (stopped) return yield finish('stop')
        if (last) return yield finish('length', stops.push(text.end()).text + stops.end())
        if (signal?.aborted) return yield finish('aborted', stops.push(text.end()).text + stops.end())
        id = await this.ahead.shift()!
      }
    } catch (error) {
      if (!(error instanceof BeagleError && error.code === 'aborted')) throw error
      yield finish('aborted', stops.end())
    } finally {
      await this.settled()
      if (run.prefilled) this.cached = [...prompt.marks, ...run.ids.slice(0, -1).map(String)]
    }
  }

  /** Tokens on their way, each from a step that was submitted before its predecessor's token was known to the host. */
  private ahead: Promise<number>[] = []

  /** Keeps the GPU busy: submits up to two steps, but none beyond `wanted` tokens. */
  private submitAhead(wanted: number): void {
    while (this.ahead.length < Math.min(2, wanted)) {
      const token = this.decoding.decode()
      token.catch(() => {})
      this.ahead.push(token)
    }
  }

  /** Waits for steps that were submitted and are not wanted any more. */
  private async settled(): Promise<void> {
    await Promise.allSettled(this.ahead)
    this.ahead = []
  }

  private async first(
    prompt: EncodedPrompt,
    run: Run,
    settings: ReturnType<typeof sampleSettings>,
    signal?: AbortSignal,
  ): Promise<number> {
    const { vision, decoding } = this
    const { projector } = this.parts.weights
    if (projector !== this.projector) this.forget()
    this.projector = projector
    let same = 0
    while (same < prompt.marks.length - 1 && this.cached[same] === prompt.marks[same]) same++
    const fresh = prompt.marks.slice(same)
    const needed = prompt.images.some((image) => fresh.some((mark) => mark.startsWith(`${markOf(image)}:`)))
    const before = vision?.encoded ?? 0
    const encodeStart = performance.now()
    const visual = needed ? await vision!.tokensOf(prompt.images, projector!, signal) : []
    run.imagesEncoded = (vision?.encoded ?? 0) - before
    run.timings.encode = needed ? performance.now() - encodeStart : 0
    run.cachedTokens = same
    this.cached = this.cached.slice(0, same)
    const prefillStart = performance.now()
    const token = await decoding.prefill(prompt.ids, same, visual, settings, signal)
    run.prefilled = true
    run.timings.prefill = performance.now() - prefillStart
    return token
  }
}

/** What one answer has come to. */
class Run {
  readonly ids: number[] = []
  text = ''
  imagesEncoded = 0
  cachedTokens = 0
  prefilled = false
  readonly timings: Timings
  private firstAt = 0
  private lastAt = 0

  constructor(
    private readonly prompt: EncodedPrompt,
    load: number,
    private readonly start: number,
  ) {
    this.timings = { load, encode: 0, firstToken: 0, prefill: 0, decodePerToken: 0, tokensPerSecond: 0 }
  }

  add(id: number): void {
    this.lastAt = performance.now()
    if (this.ids.length === 0) this.firstAt = this.lastAt
    this.ids.push(id)
  }

  /**
   * Adds to the text and gives what was added: all but the blanks before its first word, which templates write themselves when
   * the answer comes back as history.
   */
  say(piece: string): string {
    const added = this.text === '' ? piece.trimStart() : piece
    this.text += added
    return added
  }

  result(finishReason: ChatResult['finishReason']): ChatResult {
    const { prompt, ids, timings } = this
    timings.firstToken = this.firstAt > 0 ? this.firstAt - this.start : 0
    if (ids.length > 1) {
      timings.decodePerToken = (this.lastAt - this.firstAt) / (ids.length - 1)
      timings.tokensPerSecond = 1000 / timings.decodePerToken
    }
    return {
      text: this.text,
      ids,
      inputIds: prompt.ids,
      visualTokens: prompt.marks.filter((mark) => mark.includes(':')).length,
      cachedTokens: this.cachedTokens,
      prefilledTokens: this.prefilled ? prompt.ids.length - this.cachedTokens : 0,
      imagesEncoded: this.imagesEncoded,
      finishReason,
      timings,
    }
  }
}
