import type { ModelConfig } from '../checkpoint/configTypes.ts'
import { BeagleError, throwIfAborted } from '../errors.ts'
import type { Gpu } from '../gpu/device.ts'
import { type LmmState, type LmmWeights, lastLogits, next, type Prompt, read } from '../models/lmm.ts'
import { cursorFields, cursorSize, newCursor } from '../ops/cursor.ts'
import { place } from '../ops/place.ts'
import { newSettings, type SampleSettings, sample, seenBitmap, seenWords, writeSettings } from '../ops/sample.ts'
import { execute, mapForReading, type Recording, record, stateTensor, upload } from '../tensor/execute.ts'
import type { Pass } from '../tensor/pass.ts'
import { rowsOf, type Tensor } from '../tensor/tensor.ts'
import { newCache } from './kvCache.ts'

/** Rows of a prompt that one submit computes: bounds the scratch, and the time until a stop is heard. */
const chunkRows = 512

/** Cursors on their way back to the host: one being waited for, one behind it, one to spare. */
const stagingSlots = 3

/**
 * The decoder with its state on the GPU: the cache, the cursor and the sampler. Prompts are added in chunks; a token is one replay
 * of a recorded step, whose sampled id stays on the GPU for the next; the host reads ids behind the work.
 */
export class Decoding {
  readonly state: LmmState
  private readonly seen: Tensor
  private readonly settings: Tensor
  private readonly staging: GPUBuffer[]
  private slot = 0
  private step: Promise<Recording> | undefined

  constructor(
    private readonly gpu: Gpu,
    private readonly weights: LmmWeights,
    private readonly config: ModelConfig,
    readonly capacity: number,
  ) {
    this.state = { cache: newCache(gpu, config.text, capacity), cursor: newCursor(gpu) }
    this.seen = stateTensor(gpu, 'seen tokens', [seenWords(config.text.vocab)], 'u32')
    this.settings = newSettings(gpu)
    const usage = GPUBufferUsage.MAP_READ | GPUBufferUsage.COPY_DST
    this.staging = Array.from({ length: stagingSlots }, (_, i) =>
      gpu.memory.create(`cursor ${i}`, 4 * cursorSize, 'transfer', usage),
    )
  }

  /** Records the decode step, compiling its kernels; later calls wait for the same. */
  prepare(): Promise<Recording> {
    this.step ??= record(this.gpu, 'decode step', (pass) => {
      const logits = next(pass, this.weights, this.config, this.state)
      this.sampleFrom(pass, logits, 1)
    })
    return this.step
  }

  /** Adds the choice of the next token; the cursor moves by the `rows` that went into the cache. */
  sampleFrom(pass: Pass, logits: Tensor, rows: number): void {
    sample(pass, { logits, cursor: this.state.cursor, seen: this.seen, settings: this.settings }, { rows })
  }

  /**
   * Computes rows `start` .. of the prompt `ids`, of which `visual` holds the visual tokens of each image in order, and samples the
   * first token behind it. The rows before `start` must be in the cache.
   */
  async prefill(
    ids: readonly number[],
    start: number,
    visual: readonly Tensor[],
    settings: SampleSettings,
    signal?: AbortSignal,
  ): Promise<number> {
    const { gpu } = this
    writeSettings(gpu, this.settings, settings)
    upload(gpu, this.seen, seenBitmap(ids, this.config.text.vocab))
    const add = (from: number, to: number, after?: (encoder: GPUCommandEncoder) => void) => {
      throwIfAborted(signal)
      this.begin(from)
      const body = (pass: Pass) => {
        const x = read(pass, this.weights, this.config, this.state, this.promptOf(pass, ids, from, to, visual))
        if (after) this.sampleFrom(pass, lastLogits(pass, this.weights, this.config, x), to - from)
      }
      return execute(gpu, 'prefill', body, after)
    }
    let from = start
    for (; from + chunkRows < ids.length; from += chunkRows) await add(from, from + chunkRows)
    return this.token((after) => add(from, ids.length, after))
  }

  /** The next row of a prompt stands at `row`; nothing has been sampled yet. */
  begin(row: number): void {
    const cursor = new Uint32Array(cursorSize)
    cursor[cursorFields.position] = row
    upload(this.gpu, this.state.cursor, cursor)
  }

  /** Rows `from` .. `to` of a prompt on the GPU; image rows point into the visual tokens of all images, one below another. */
  promptOf(pass: Pass, ids: readonly number[], from: number, to: number, visual: readonly Tensor[]): Prompt {
    const { queue } = this.gpu.device
    const rows = pass.scratch([to - from], 'u32')
    queue.writeBuffer(rows.buffer, 0, Uint32Array.from(ids.slice(from, to)))
    if (this.config.kind === 'decoder' || visual.length === 0) return { ids: rows }
    const { imageTokenId } = this.config
    const isVisual = (id: number) => id === imageTokenId
    let seen = ids.slice(0, from).filter(isVisual).length
    const numbers = ids.slice(from, to).map((id) => (isVisual(id) ? ++seen : 0))
    if (numbers.every((n) => n === 0)) return { ids: rows }
    const source = pass.scratch([to - from], 'u32')
    queue.writeBuffer(source.buffer, 0, Uint32Array.from(numbers))
    if (visual.length === 1) return { ids: rows, source, visual: visual[0]! }
    const rowsBefore = (i: number) => visual.slice(0, i).reduce((sum, tokens) => sum + rowsOf(tokens), 0)
    const all = pass.scratch([rowsBefore(visual.length), this.config.text.hidden])
    visual.forEach((x, i) => {
      place(pass, { x, into: all }, { toRow: rowsBefore(i) })
    })
    return { ids: rows, source, visual: all }
  }

  /** Submits one more step; its token comes when the GPU has it. */
  async decode(): Promise<number> {
    const step = await this.prepare()
    return this.token((after) => step.replay(after))
  }

  /** Submits work that samples a token and reads that token behind it. */
  private async token(send: (after: (encoder: GPUCommandEncoder) => void) => void | Promise<void>): Promise<number> {
    const staging = this.staging[this.slot++ % stagingSlots]!
    await send((encoder) => encoder.copyBufferToBuffer(this.state.cursor.buffer, 0, staging, 0, 4 * cursorSize))
    await mapForReading(this.gpu, staging)
    const cursor = new Uint32Array(staging.getMappedRange()).slice()
    staging.unmap()
    if (cursor[cursorFields.fault] !== 0) {
      throw new BeagleError(
        'wrong-result',
        'The model gave no usable number for the next token (all NaN). The weights or this device compute wrongly: try f32 weights, or another browser or driver.',
      )
    }
    return cursor[cursorFields.token]!
  }
}
