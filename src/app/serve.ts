import type { CachedModel, LoadOptions, Message, Model, ModelSource } from '../api.ts'
import { BeagleError } from '../errors.ts'
import {
  type CallName,
  type Calls,
  type Loaded,
  type Reply,
  type Request,
  toWireError,
  type WireMessage,
} from './protocol.ts'

/** The part of the library that the page calls. */
export interface Library {
  load(source: ModelSource, options?: LoadOptions): Promise<Model>
  cachedModels(): Promise<CachedModel[]>
  deleteCached(key: string): Promise<void>
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
  ) => Promise<Calls[N]['result']>
}

/** Answers the page's calls on `port` with one model at a time. A chat waits for what runs before it; a load stops it. */
export function serve(port: Port, library: Library): void {
  const running = new Map<number, AbortController>()
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

  const handlers: Handlers = {
    load: ({ source, options }, signal, emit) => {
      chats.abort()
      chats = new AbortController()
      return inTurn(async (): Promise<Loaded> => {
        model?.dispose()
        model = undefined
        const loaded = await library.load(source, { ...options, warmUp: 'background', signal, onProgress: emit })
        model = loaded
        void loaded.lost.then((error) => {
          if (model === loaded) post({ type: 'lost', error: toWireError(error) })
        })
        return { info: loaded.info, device: loaded.device, memory: loaded.memory() }
      })
    },

    chat: (args, cancelled, emit) => {
      const signal = AbortSignal.any([cancelled, chats.signal])
      return inTurn(async () => {
        if (!model) throw new BeagleError('disposed', 'No model is loaded. Choose one in the model menu.')
        for (const [id, blob] of args.images) if (!images.has(id)) images.set(id, blob)
        for (const id of images.keys()) if (!args.images.has(id)) images.delete(id)
        for await (const chunk of model.chat(unwire(args.messages, images), { ...args.options, signal })) emit(chunk)
        return model.memory()
      })
    },

    memory: async () => model?.memory(),
    cachedModels: () => library.cachedModels(),
    deleteCached: ({ key }) => library.deleteCached(key).then(() => undefined),
  }

  async function answer<N extends CallName>(id: number, name: N, args: Calls[N]['args']): Promise<void> {
    const controller = new AbortController()
    running.set(id, controller)
    try {
      const emit = (event: Calls[N]['event']) => post({ type: 'event', id, event })
      post({ type: 'result', id, result: await handlers[name](args, controller.signal, emit) })
    } catch (error) {
      post({ type: 'error', id, error: toWireError(error) })
    } finally {
      running.delete(id)
    }
  }

  port.onmessage = ({ data }: MessageEvent<Request>) => {
    if (data.type === 'cancel') running.get(data.id)?.abort()
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
