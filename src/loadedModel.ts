import type { ChatOptions, FetchOptions, Message, Model, ModelInfo } from './api.ts'
import { describeDevice } from './device.ts'
import { BeagleError } from './errors.ts'
import type { ExplainOptions } from './explainApi.ts'
import { explain } from './generate/explain.ts'
import type { Session } from './generate/session.ts'
import { trace } from './generate/trace.ts'
import type { Gpu } from './gpu/device.ts'
import type { LmmWeights } from './models/lmm.ts'
import type { OpenedModel } from './models/open.ts'
import { release } from './models/upload.ts'
import type { Offers } from './offers.ts'
import { Projectors } from './projectors.ts'
import type { FreshProjector, ProjectorType, TeachExample, TeachOptions } from './teachApi.ts'
import { teach } from './teaching.ts'
import { Turns } from './turns.ts'

export interface ModelParts {
  gpu: Gpu
  weights: LmmWeights
  session: Session
  opened: OpenedModel
  offers: Offers
  /** The self-test and the warm-up; nothing is answered before they are through. */
  proved: Promise<void>
  info: ModelInfo
}

/** See `Model`. */
export class LoadedModel implements Model {
  readonly device
  readonly lost: Promise<Error>
  readonly info: ModelInfo
  private state: 'idle' | 'busy' | 'disposed' = 'idle'
  private teaching = false
  private readonly turns = new Turns()
  private readonly kept: Projectors

  constructor(private readonly parts: ModelParts) {
    const { gpu, weights, opened, info } = parts
    this.info = info
    this.device = describeDevice(gpu)
    this.lost = gpu.lost
    this.kept = new Projectors(gpu, weights, opened, info)
  }

  async *chat(messages: Message[], options: ChatOptions = {}) {
    this.begin()
    await this.turns.take('urgent')
    try {
      await this.parts.proved
      yield* this.parts.session.chat(messages, options)
    } finally {
      this.turns.give()
      this.end()
    }
  }

  async trace(messages: Message[]) {
    this.begin()
    try {
      return await this.turns.do('urgent', async () => {
        await this.parts.proved
        const { gpu, weights, opened, session } = this.parts
        const prompt = await session.encode(messages)
        session.forget()
        return trace(gpu, weights, opened.config, session, prompt)
      })
    } finally {
      this.end()
    }
  }

  async explain(messages: Message[], answer: readonly number[] | string, options: ExplainOptions = {}) {
    this.begin()
    try {
      return await this.turns.do('urgent', async () => {
        await this.parts.proved
        const { session } = this.parts
        const { prompt, ids } = await session.encodeAnswered(messages, answer)
        session.forget()
        return explain(this.parts, prompt, ids, options)
      })
    } finally {
      this.end()
    }
  }

  async *teach(examples: readonly TeachExample[], options: TeachOptions = {}) {
    this.present()
    if (this.teaching)
      throw new BeagleError('busy', 'The model is being taught already. Wait for the end of that training, or stop it.')
    this.teaching = true
    try {
      await this.parts.proved
      yield* teach({ ...this.parts, projectors: this.kept, turns: this.turns }, examples, options)
    } finally {
      this.teaching = false
    }
  }

  projectors() {
    return this.kept.list()
  }

  addProjector(name: string, file: Uint8Array) {
    this.present()
    return this.turns.do('urgent', () => this.kept.add(name, file))
  }

  useProjector(name: string) {
    this.present()
    this.kept.use(name)
  }

  removeProjector(name: string) {
    this.idle()
    this.kept.remove(name)
  }

  offeredProjectors(signal?: AbortSignal) {
    return this.parts.offers.list(signal)
  }

  async fetchProjector(name: string, options: FetchOptions = {}) {
    this.present()
    const there = this.kept.list().find((projector) => projector.name === name)
    return there ?? this.addProjector(name, await this.parts.offers.fetch(name, options))
  }

  planProjector(start: ProjectorType | FreshProjector) {
    return this.kept.plan(start)
  }

  exportProjector(name: string) {
    this.present()
    return this.turns.do('urgent', () => this.kept.export(name))
  }

  async count(messages: Message[]) {
    return { tokens: await this.parts.session.count(messages), maxContext: this.info.maxContext }
  }

  async profile(messages: Message[], options: ChatOptions = {}) {
    const { gpu } = this.parts
    if (!gpu.timing.available) {
      throw new BeagleError(
        'bad-argument',
        'This device has no timestamp queries, so kernels cannot be timed. In Chrome, turn on "WebGPU Developer Features".',
      )
    }
    gpu.timing.start()
    try {
      for await (const chunk of this.chat(messages, options)) void chunk
    } finally {
      await gpu.settle()
    }
    return gpu.timing.stop()
  }

  memory() {
    const { weights, state, scratch, transfer } = this.parts.gpu.memory.bytes
    return {
      weightBytes: weights,
      stateBytes: state,
      scratchBytes: scratch + transfer,
      totalBytes: this.parts.gpu.memory.total,
    }
  }

  dispose() {
    if (this.state === 'disposed') return
    this.state = 'disposed'
    release(this.parts.gpu, this.parts.weights)
    this.kept.dispose()
    this.parts.gpu.dispose()
  }

  private present(): void {
    if (this.state === 'disposed') throw new BeagleError('disposed', 'This model has been disposed. Load it again.')
    this.parts.gpu.check()
  }

  private idle(): void {
    this.present()
    if (this.state === 'busy')
      throw new BeagleError('busy', 'The model is answering another question. Wait for its end, or stop it.')
  }

  private begin(): void {
    this.idle()
    this.state = 'busy'
  }

  private end(): void {
    if (this.state === 'busy') this.state = 'idle'
  }
}
