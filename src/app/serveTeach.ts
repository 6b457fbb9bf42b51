import type { Model } from '../api.ts'
import { BeagleError } from '../errors.ts'
import type { TeachResult, TeachStore } from '../teachApi.ts'
import type { Calls, WireTraining } from './protocol.ts'

/** Holds whoever passes while it is closed. */
export class Gate {
  #opened: Promise<void> | undefined
  #open = () => {}

  set(closed: boolean): void {
    if (!closed) this.#open()
    else
      this.#opened ??= new Promise((resolve) => {
        this.#open = () => {
          this.#opened = undefined
          resolve()
        }
      })
  }

  /** Waits while the gate is closed, but not longer than until `signal` aborts. */
  async pass(signal: AbortSignal): Promise<void> {
    if (!this.#opened || signal.aborted) return
    const aborted = new Promise((resolve) => signal.addEventListener('abort', resolve, { once: true }))
    await Promise.race([this.#opened, aborted])
  }
}

/** One training at a time, beside the chats: the model answers them between two micro-batches. */
export class Trainings {
  #running: { stop: AbortController; ended: Promise<unknown> } | undefined
  readonly #storeOf: (key: string) => Promise<TeachStore>

  constructor(storeOf: (key: string) => Promise<TeachStore>) {
    this.#storeOf = storeOf
  }

  async teach(
    model: Model,
    training: WireTraining,
    cancelled: AbortSignal,
    emit: (event: Calls['teach']['event']) => void,
    gate: Gate,
  ): Promise<TeachResult> {
    if (this.#running) throw new BeagleError('busy', 'A training is running. Stop it before starting another.')
    const stop = new AbortController()
    const result = this.#run(model, training, AbortSignal.any([cancelled, stop.signal]), emit, gate)
    const running = { stop, ended: result.catch(() => undefined) }
    this.#running = running
    try {
      return await result
    } finally {
      this.#running = undefined
    }
  }

  /** Stops the training that runs, if any, and waits for its end. */
  async stop(): Promise<void> {
    this.#running?.stop.abort()
    await this.#running?.ended
  }

  async #run(
    model: Model,
    { key, examples, settings, resume, about }: WireTraining,
    signal: AbortSignal,
    emit: (event: Calls['teach']['event']) => void,
    gate: Gate,
  ): Promise<TeachResult> {
    const store = await this.#storeOf(key).catch(withoutStorage)
    let result: TeachResult | undefined
    for await (const event of model.teach(examples, { settings, store, resume, about, signal })) {
      if (event.type === 'done') {
        result = event.result
        continue
      }
      emit(event)
      await gate.pass(signal)
    }
    if (result) return result
    throw new BeagleError('aborted', 'Stopped before anything was learned.')
  }
}

/** A browser without storage trains all the same; only going on after a reload is lost. */
function withoutStorage(error: unknown): undefined {
  if (!(error instanceof BeagleError && error.code === 'not-found')) throw error
}
