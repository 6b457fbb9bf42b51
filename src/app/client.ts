import type { CachedModel, ChatChunk, LoadProgress, MemoryReport, ModelSource } from '../api.ts'
import type { Comparison, EvaluationAnswer } from '../evaluationApi.ts'
import type {
  DataReport,
  FreshPlan,
  FreshProjector,
  OfferedProjector,
  ProjectorInfo,
  TeachResult,
} from '../teachApi.ts'
import {
  type CallName,
  type Calls,
  fromWireError,
  type Loaded,
  type LookReply,
  PageError,
  type Reply,
  type Request,
  type WireComparison,
  type WireEvaluation,
  type WireLoadOptions,
  type WireLook,
  type WireTraining,
} from './protocol.ts'
import type { Port } from './serve.ts'

interface Pending {
  resolve: (result: never) => void
  reject: (error: Error) => void
  onEvent?: (event: never) => void
}

/** A training in the worker: it can be paused after any step; stopped, its result is what was learned so far. */
export interface RemoteTraining {
  result: Promise<TeachResult>
  pause(paused: boolean): void
  stop(): void
}

/** The page's side of the worker: promises and async iterators; an aborted signal becomes a cancel message. */
export class Client {
  /** Called when the GPU device of the loaded model is lost, or the worker itself has died. */
  onLost: ((error: PageError) => void) | undefined
  readonly #pending = new Map<number, Pending>()
  readonly #port: Port
  #nextId = 1

  constructor(port: Port) {
    this.#port = port
    port.onmessage = ({ data }: MessageEvent<Reply>) => this.#receive(data)
  }

  load(
    source: ModelSource,
    options: WireLoadOptions,
    { signal, onProgress }: { signal?: AbortSignal; onProgress?: (progress: LoadProgress) => void } = {},
  ): Promise<Loaded> {
    return this.#call('load', { source, options }, signal, onProgress)
  }

  /** Streams the chunks of one answer and returns the memory in use after it. Leaving the loop early stops the worker too. */
  async *chat(args: Calls['chat']['args'], signal?: AbortSignal): AsyncGenerator<ChatChunk, MemoryReport, void> {
    const stop = new AbortController()
    const arrived: ChatChunk[] = []
    let wake = () => {}
    let ended = false
    const done = this.#call('chat', args, signal ? AbortSignal.any([signal, stop.signal]) : stop.signal, (chunk) => {
      arrived.push(chunk)
      wake()
    })
    const end = () => {
      ended = true
      wake()
    }
    done.then(end, end)
    try {
      while (!ended || arrived.length > 0) {
        const chunk = arrived.shift()
        if (chunk) yield chunk
        else await new Promise<void>((resolve) => (wake = resolve))
      }
      return await done
    } finally {
      if (!ended) stop.abort()
    }
  }

  /** Where the model looked while it chose characters of an answer. */
  look(args: WireLook, signal?: AbortSignal): Promise<LookReply> {
    return this.#call('look', args, signal)
  }

  teach(training: WireTraining, onEvent: (event: Calls['teach']['event']) => void): RemoteTraining {
    const controller = new AbortController()
    const id = this.#nextId
    const result = this.#call('teach', training, controller.signal, onEvent)
    return {
      result,
      pause: (paused) => this.#post({ type: 'pause', id, paused }),
      stop: () => controller.abort(),
    }
  }

  keptTrainings(): Promise<string[]> {
    return this.#call('keptTrainings', {})
  }

  forgetTraining(key: string): Promise<undefined> {
    return this.#call('forgetTraining', { key })
  }

  projectors(): Promise<ProjectorInfo[]> {
    return this.#call('projectors', {})
  }

  addProjector(name: string, file: Uint8Array): Promise<ProjectorInfo> {
    return this.#call('addProjector', { name, file })
  }

  useProjector(name: string): Promise<undefined> {
    return this.#call('useProjector', { name })
  }

  removeProjector(name: string): Promise<undefined> {
    return this.#call('removeProjector', { name })
  }

  exportProjector(name: string): Promise<Uint8Array<ArrayBuffer>> {
    return this.#call('exportProjector', { name })
  }

  offeredProjectors(): Promise<OfferedProjector[]> {
    return this.#call('offeredProjectors', {})
  }

  fetchProjector(name: string, onProgress?: (loaded: number, total: number) => void): Promise<ProjectorInfo> {
    return this.#call('fetchProjector', { name }, undefined, ({ loaded, total }) => onProgress?.(loaded, total))
  }

  planProjector(start: FreshProjector): Promise<FreshPlan> {
    return this.#call('planProjector', { start })
  }

  compare(args: WireComparison, onAnswer: (answer: Comparison) => void, signal?: AbortSignal): Promise<undefined> {
    return this.#call('compare', args, signal, onAnswer)
  }

  evaluate(
    args: WireEvaluation,
    onAnswers: (answers: EvaluationAnswer[]) => void,
    signal?: AbortSignal,
  ): Promise<undefined> {
    return this.#call('evaluate', args, signal, onAnswers)
  }

  readData(fileName: string, text: string): Promise<DataReport> {
    return this.#call('readData', { fileName, text })
  }

  readFolders(paths: string[], templates: { question: string; answer: string }): Promise<DataReport> {
    return this.#call('readFolders', { paths, templates })
  }

  memory(): Promise<MemoryReport | undefined> {
    return this.#call('memory', {})
  }

  cachedModels(): Promise<CachedModel[]> {
    return this.#call('cachedModels', {})
  }

  deleteCached(key: string): Promise<undefined> {
    return this.#call('deleteCached', { key })
  }

  /** Ends every call in progress with `error` and reports the loss. */
  fail(error: PageError): void {
    for (const { reject } of this.#pending.values()) reject(error)
    this.#pending.clear()
    this.onLost?.(error)
  }

  #call<N extends CallName>(
    name: N,
    args: Calls[N]['args'],
    signal?: AbortSignal,
    onEvent?: (event: Calls[N]['event']) => void,
  ): Promise<Calls[N]['result']> {
    const id = this.#nextId++
    if (signal?.aborted) return Promise.reject(new PageError('aborted', 'Stopped on request.'))
    const cancel = () => this.#post({ type: 'cancel', id })
    signal?.addEventListener('abort', cancel, { once: true })
    const result = new Promise<Calls[N]['result']>((resolve, reject) => {
      this.#pending.set(id, { resolve, reject, onEvent })
      this.#post({ type: 'call', id, name, args } as Request)
    })
    return result.finally(() => signal?.removeEventListener('abort', cancel))
  }

  #post(request: Request): void {
    this.#port.postMessage(request)
  }

  #receive(reply: Reply): void {
    if (reply.type === 'lost') {
      this.fail(fromWireError(reply.error))
      return
    }
    const pending = this.#pending.get(reply.id)
    if (reply.type === 'event') {
      pending?.onEvent?.(reply.event as never)
      return
    }
    this.#pending.delete(reply.id)
    if (reply.type === 'result') pending?.resolve(reply.result as never)
    else pending?.reject(fromWireError(reply.error))
  }
}

/** Starts the worker. A worker that dies (a script error, no memory) fails its calls instead of leaving them waiting. */
export function startWorker(): { client: Client; terminate: () => void } {
  const worker = new Worker(new URL('./engine.worker.ts', import.meta.url), { type: 'module', name: 'beagle' })
  const client = new Client(worker as unknown as Port)
  worker.onerror = (event) => {
    event.preventDefault()
    const why = event.message || 'its script could not be started'
    client.fail(new PageError('unexpected', `The worker that runs the model stopped: ${why}. Load the model again.`))
  }
  return { client, terminate: () => worker.terminate() }
}
