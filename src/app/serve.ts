import type { CachedModel, LoadOptions, Message, Model, ModelSource } from '../api.ts'
import { BeagleError } from '../errors.ts'
import type { compare, evaluate } from '../index.ts'
import type { DataReport, TeachStore } from '../teachApi.ts'
import {
  type CallName,
  type Calls,
  type Loaded,
  type Reply,
  type Request,
  toWireError,
  type WireMessage,
} from './protocol.ts'
import { type LookLibrary, Looks } from './serveLook.ts'
import { Gate, Trainings } from './serveTeach.ts'

/** The part of the library that the page calls. */
export interface Library extends LookLibrary {
  load(source: ModelSource, options?: LoadOptions): Promise<Model>
  cachedModels(): Promise<CachedModel[]>
  deleteCached(key: string): Promise<void>
  teachStore(key: string): Promise<TeachStore>
  listTeachStores(): Promise<string[]>
  deleteTeachStore(key: string): Promise<void>
  compare: typeof compare
  evaluate: typeof evaluate
  readData(fileName: string, text: string): DataReport
  readFolders(paths: string[], templates: { question: string; answer: string }): DataReport
}

/** One end of a message channel: the worker's global scope, or a MessagePort in tests. */
export interface Port {
  postMessage(message: unknown): void
  onmessage: ((event: MessageEvent) => unknown) | null
}

type Handlers = {
  [N in CallName]: (
    args: Calls[N]['args'],
    signal: AbortSignal,
    emit: (event: Calls[N]['event']) => void,
    gate: Gate,
  ) => Promise<Calls[N]['result']>
}

/** Answers the page's calls on `port` with one model at a time. A chat waits for what runs before it, but for no training; a load stops both. */
export function serve(port: Port, library: Library): void {
  const running = new Map<number, { controller: AbortController; gate: Gate }>()
  const looks = new Looks(library)
  const trainings = new Trainings((key) => library.teachStore(key))
  const images = new Map<string, Blob>()
  let model: Model | undefined
  let turn: Promise<unknown> = Promise.resolve()
  let chats = new AbortController()

  const post = (reply: Reply) => port.postMessage(reply)
  const inTurn = <T>(work: () => Promise<T>): Promise<T> => {
    const result = turn.then(work)
    turn = result.catch(() => undefined)
    return result
  }

  /** Takes what `work` yields bit by bit: chats come between, and find the model as they left it. */
  const bits = async <T>(work: AsyncGenerator<T, void, void>, emit: (bit: T) => void): Promise<undefined> => {
    for (;;) {
      const { done, value } = await inTurn(() => work.next())
      if (done) return undefined
      emit(value as T)
    }
  }

  const loaded = (): Model => {
    if (!model) throw new BeagleError('disposed', 'No model is loaded. Choose one in the model menu.')
    return model
  }

  const handlers: Handlers = {
    load: ({ source, options }, signal, emit) => {
      chats.abort()
      chats = new AbortController()
      return inTurn(async (): Promise<Loaded> => {
        await trainings.stop()
        model?.dispose()
        model = undefined
        const next = await library.load(source, { ...options, warmUp: 'background', signal, onProgress: emit })
        model = next
        void next.lost.then((error) => {
          if (model === next) post({ type: 'lost', error: toWireError(error) })
        })
        return { info: next.info, device: next.device, memory: next.memory() }
      })
    },

    chat: (args, cancelled, emit) => {
      const signal = AbortSignal.any([cancelled, chats.signal])
      return inTurn(async () => {
        const asked = loaded()
        for (const [id, blob] of args.images) if (!images.has(id)) images.set(id, blob)
        for (const id of images.keys()) if (!args.images.has(id)) images.delete(id)
        for await (const chunk of asked.chat(unwire(args.messages, images), { ...args.options, signal })) emit(chunk)
        return asked.memory()
      })
    },

    look: (args, cancelled) => {
      const signal = AbortSignal.any([cancelled, chats.signal])
      return inTurn(async () => {
        for (const [id, blob] of args.images) if (!images.has(id)) images.set(id, blob)
        return looks.look(loaded(), args, unwire(args.messages, images), signal)
      })
    },

    teach: async (training, signal, emit, gate) => trainings.teach(loaded(), training, signal, emit, gate),
    keptTrainings: () => library.listTeachStores(),
    forgetTraining: ({ key }) => library.deleteTeachStore(key).then(() => undefined),

    projectors: async () => loaded().projectors(),
    addProjector: ({ name, file }) => inTurn(() => loaded().addProjector(name, file)),
    useProjector: ({ name }) => inTurn(async () => void loaded().useProjector(name)),
    removeProjector: ({ name }) => inTurn(async () => void loaded().removeProjector(name)),
    exportProjector: ({ name }) => inTurn(() => loaded().exportProjector(name)),
    offeredProjectors: async () => loaded().offeredProjectors(),
    fetchProjector: ({ name }, signal, emit) => {
      const onProgress = (loaded: number, total: number) => emit({ loaded, total })
      return inTurn(() => loaded().fetchProjector(name, { signal, onProgress }))
    },
    planProjector: async ({ start }) => loaded().planProjector(start),

    compare: ({ projectors, image, question, maxNewTokens }, cancelled, emit) => {
      const signal = AbortSignal.any([cancelled, chats.signal])
      return bits(library.compare(loaded(), { image, question }, { projectors, maxNewTokens, signal }), emit)
    },
    evaluate: ({ projectors, questions, images }, cancelled, emit) => {
      const signal = AbortSignal.any([cancelled, chats.signal])
      const open = async (name: string) => {
        const image = images.get(name)
        if (image) return image
        throw new BeagleError('bad-argument', `A question is about the image ${name}, which was not sent along.`)
      }
      return bits(library.evaluate(loaded(), questions, { projectors, open, signal }), emit)
    },

    readData: async ({ fileName, text }) => library.readData(fileName, text),
    readFolders: async ({ paths, templates }) => library.readFolders(paths, templates),

    memory: async () => model?.memory(),
    cachedModels: () => library.cachedModels(),
    deleteCached: ({ key }) => library.deleteCached(key).then(() => undefined),
  }

  async function answer<N extends CallName>(id: number, name: N, args: Calls[N]['args']): Promise<void> {
    const controller = new AbortController()
    const gate = new Gate()
    running.set(id, { controller, gate })
    try {
      const emit = (event: Calls[N]['event']) => post({ type: 'event', id, event })
      post({ type: 'result', id, result: await handlers[name](args, controller.signal, emit, gate) })
    } catch (error) {
      post({ type: 'error', id, error: toWireError(error) })
    } finally {
      running.delete(id)
    }
  }

  port.onmessage = ({ data }: MessageEvent<Request>) => {
    const call = running.get(data.id)
    if (data.type === 'cancel') call?.controller.abort()
    else if (data.type === 'pause') call?.gate.set(data.paused)
    else void answer(data.id, data.name, data.args)
  }
}

function unwire(messages: WireMessage[], images: Map<string, Blob>): Message[] {
  return messages.map(({ role, content }) => ({
    role,
    content: content.map((part) => {
      if (part.type === 'text') return part
      const image = images.get(part.imageId)
      if (!image)
        throw new BeagleError('bad-argument', `The message names image ${part.imageId}, which was not sent along.`)
      return { type: 'image', image }
    }),
  }))
}
