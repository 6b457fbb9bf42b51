import { describe, expect, test, vi } from 'vitest'
import type { ChatChunk, LoadOptions, Model } from '../api.ts'
import { BeagleError } from '../errors.ts'
import { PageError } from './protocol.ts'
import { connect, memory, modelWith } from './testClient.ts'

const question = {
  messages: [{ role: 'user' as const, content: [{ type: 'text' as const, text: 'Hi' }] }],
  images: new Map(),
  options: {},
}

async function* words(...texts: string[]): AsyncGenerator<ChatChunk, void, void> {
  for (const text of texts) yield { text }
}

describe('a call', () => {
  test('returns its result and streams its progress', async () => {
    const client = connect({
      load: async (_source, options?: LoadOptions) => {
        options?.onProgress?.({ stage: 'weights', item: 'a', loadedBytes: 1, totalBytes: 2 })
        return modelWith({})
      },
    })
    const stages: number[] = []
    const loaded = await client.load('embedded', {}, { onProgress: ({ loadedBytes }) => stages.push(loadedBytes) })
    expect(loaded.memory).toEqual(memory)
    expect(stages).toEqual([1])
  })

  test('throws the error of the worker with its code', async () => {
    const client = connect({ load: () => Promise.reject(new BeagleError('bad-file', 'Not a model.')) })
    await expect(client.load('embedded', {})).rejects.toEqual(new PageError('bad-file', 'Not a model.'))
  })

  test('aborts by a message, and not at all when it ended before', async () => {
    const abort = new AbortController()
    const client = connect({
      load: (_source, options) =>
        new Promise((_resolve, reject) => {
          options?.signal?.addEventListener('abort', () => reject(new BeagleError('aborted', 'Stopped.')))
        }),
    })
    const loading = client.load('embedded', {}, { signal: abort.signal })
    abort.abort()
    await expect(loading).rejects.toMatchObject({ code: 'aborted' })
    await expect(client.load('embedded', {}, { signal: abort.signal })).rejects.toMatchObject({ code: 'aborted' })
  })
})

describe('chat', () => {
  test('streams chunks in order and returns the memory in use', async () => {
    const client = connect({ load: async () => modelWith({ chat: () => words('a', 'b', 'c') }) })
    await client.load('embedded', {})
    const chunks = client.chat(question)
    const seen: string[] = []
    let step = await chunks.next()
    for (; !step.done; step = await chunks.next()) seen.push(step.value.text)
    expect(seen).toEqual(['a', 'b', 'c'])
    expect(step.value).toEqual(memory)
  })

  test('stops the worker when the reader leaves', async () => {
    const stopped = vi.fn()
    async function* endless(_messages: unknown, options?: { signal?: AbortSignal }) {
      options?.signal?.addEventListener('abort', stopped)
      for (;;) {
        await new Promise((resolve) => setTimeout(resolve, 1))
        if (options?.signal?.aborted) return
        yield { text: 'x' }
      }
    }
    const client = connect({ load: async () => modelWith({ chat: endless }) })
    await client.load('embedded', {})
    for await (const _chunk of client.chat(question)) break
    await vi.waitFor(() => expect(stopped).toHaveBeenCalledOnce())
  })

  test('hands the model the same image object in every turn, and forgets images that are no longer named', async () => {
    const seen: unknown[] = []
    async function* look(messages: Parameters<Model['chat']>[0]): AsyncGenerator<ChatChunk, void, void> {
      for (const { content } of messages) for (const part of content) if (typeof part === 'object') seen.push(part)
      yield* words('ok')
    }
    const client = connect({ load: async () => modelWith({ chat: look }) })
    await client.load('embedded', {})
    const ask = async (id: string) => {
      const messages = [{ role: 'user' as const, content: [{ type: 'image' as const, imageId: id }] }]
      for await (const _ of client.chat({ messages, images: new Map([[id, new Blob([id])]]), options: {} }));
    }
    for (const id of ['a', 'a', 'b', 'a']) await ask(id)
    const images = seen.map((part) => (part as { image: Blob }).image)
    expect(images[0]).toBe(images[1])
    expect(images[2]).not.toBe(images[1])
    expect(images[3]).not.toBe(images[0])
  })

  test('fails what is in progress when the device is lost', async () => {
    let lose: (error: Error) => void = () => {}
    const lost = new Promise<Error>((resolve) => {
      lose = resolve
    })
    async function* hangs(): AsyncGenerator<ChatChunk, void, void> {
      lose(new BeagleError('device-lost', 'Gone.'))
      await new Promise(() => undefined)
    }
    const client = connect({ load: async () => modelWith({ lost, chat: hangs }) })
    client.onLost = vi.fn()
    await client.load('embedded', {})
    await expect(client.chat(question).next()).rejects.toMatchObject({ code: 'device-lost' })
    expect(client.onLost).toHaveBeenCalledOnce()
  })
})

test('a new load stops the answer that runs, and disposes the model after it', async () => {
  const order: string[] = []
  async function* endless(_messages: unknown, options?: { signal?: AbortSignal }) {
    while (!options?.signal?.aborted) {
      yield { text: 'x' }
      await new Promise((resolve) => setTimeout(resolve, 1))
    }
    order.push('stopped')
  }
  const client = connect({ load: async () => modelWith({ chat: endless, dispose: () => order.push('disposed') }) })
  await client.load('embedded', {})
  const chunks = client.chat(question)
  await chunks.next()
  await client.load('embedded', {})
  expect(order).toEqual(['stopped', 'disposed'])
})

test('a new load disposes the model before it', async () => {
  const dispose = vi.fn()
  const client = connect({ load: async () => modelWith({ dispose }) })
  await client.load('embedded', {})
  expect(dispose).not.toHaveBeenCalled()
  await client.load('embedded', {})
  expect(dispose).toHaveBeenCalledOnce()
})
