import { afterEach } from 'vitest'
import type { Model } from '../api.ts'
import { Client } from './client.ts'
import { type Library, type Port, serve } from './serve.ts'

const channels: MessageChannel[] = []
afterEach(() => {
  for (const { port1 } of channels.splice(0)) port1.close()
})

/** A client whose worker is in this thread and calls `library`, for tests. */
export function connect(library: Partial<Library>): Client {
  const channel = new MessageChannel()
  channels.push(channel)
  const absent = (): never => {
    throw new Error('not part of this test')
  }
  serve(channel.port2 as unknown as Port, {
    load: absent,
    cachedModels: absent,
    deleteCached: absent,
    teachStore: absent,
    listTeachStores: absent,
    deleteTeachStore: absent,
    compare: absent,
    evaluate: absent,
    readData: absent,
    readFolders: absent,
    carryBack: absent,
    inWords: absent,
    ...library,
  })
  return new Client(channel.port1 as unknown as Port)
}

export const memory = { weightBytes: 1, stateBytes: 2, scratchBytes: 3, totalBytes: 6 }

/** A model with only these parts. */
export function modelWith(parts: Partial<Model>): Model {
  const lost = new Promise<Error>(() => undefined)
  return {
    info: { name: 'test' },
    device: { vendor: 'test' },
    lost,
    memory: () => memory,
    dispose() {},
    ...parts,
  } as Model
}
