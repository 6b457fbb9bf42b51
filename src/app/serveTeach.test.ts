import { expect, test, vi } from 'vitest'
import type { ChatChunk, Model } from '../api.ts'
import { BeagleError } from '../errors.ts'
import { type TeachEvent, type TeachOptions, type TeachStore, teachDefaults } from '../teachApi.ts'
import type { Client } from './client.ts'
import type { WireTraining } from './protocol.ts'
import { connect, memory, modelWith } from './testClient.ts'

const store: TeachStore = { read: async () => undefined, write: async () => {}, delete: async () => {} }
const image = new Blob(['pixels'])
const training: WireTraining = {
  key: 'lesson',
  examples: ['a', 'b'].map((name) => ({ image, name, turns: [{ question: 'What is this?', answer: name }] })),
  settings: { ...teachDefaults, steps: 3 },
  resume: false,
  about: 'test',
}

const done = (reason: 'finished' | 'stopped', step: number): TeachEvent => ({
  type: 'done',
  result: { reason, step, steps: 9, seconds: 1, losses: [], projector: new Uint8Array([1, 2, 3]) },
})
const wait = (ms = 1) => new Promise((resolve) => setTimeout(resolve, ms))

/** Saves at every step until it is aborted or has done `steps` of them. */
async function* stepwise(steps: number, { signal }: TeachOptions = {}): AsyncGenerator<TeachEvent, void, void> {
  for (let step = 1; step <= steps; step++) {
    await wait()
    if (signal?.aborted) return yield done('stopped', step - 1)
    yield { type: 'saved', step }
  }
  yield done('finished', steps)
}

async function start(parts: Partial<Model>, onEvent: (event: TeachEvent) => void = () => {}) {
  const client = connect({ load: async () => modelWith(parts), teachStore: async () => store })
  await client.load('embedded', {})
  return { client, remote: client.teach(training, onEvent) }
}

test('a training streams its events and returns what was learned; images that were one stay one', async () => {
  const teach = vi.fn((_examples: unknown, options?: TeachOptions) => stepwise(2, options))
  const steps: number[] = []
  const { remote } = await start({ teach }, (event) => event.type === 'saved' && steps.push(event.step))
  expect(await remote.result).toMatchObject({ reason: 'finished', step: 2, projector: new Uint8Array([1, 2, 3]) })
  expect(steps).toEqual([1, 2])
  const [examples, options] = teach.mock.calls[0] as [WireTraining['examples'], TeachOptions]
  expect(examples[0]?.image).toBe(examples[1]?.image)
  expect(options).toMatchObject({ store, resume: false, about: 'test', settings: { steps: 3 } })
})

test('paused, it takes no further step; it goes on at once, and can be stopped while paused', async () => {
  let last = 0
  const { remote } = await start({ teach: (_examples, options) => stepwise(10_000, options) }, (event) => {
    if (event.type === 'saved') last = event.step
    if (last === 3) remote.pause(true)
  })
  await vi.waitFor(() => expect(last).toBeGreaterThanOrEqual(3))
  await wait(20)
  const paused = last
  await wait(30)
  expect(last).toBe(paused)
  remote.pause(false)
  await vi.waitFor(() => expect(last).toBeGreaterThan(paused + 2))
  remote.pause(true)
  await wait(20)
  remote.stop()
  expect(await remote.result).toMatchObject({ reason: 'stopped', step: last })
})

test('a chat is answered while a training runs', async () => {
  async function* chat(): AsyncGenerator<ChatChunk, void, void> {
    yield { text: 'yes' }
  }
  const { client, remote } = await start({ chat, teach: (_examples, options) => stepwise(10_000, options) })
  expect(await said(client)).toBe('yes')
  remote.stop()
  expect((await remote.result).reason).toBe('stopped')
})

test('a second training is refused while one runs', async () => {
  const { client, remote } = await start({ teach: (_examples, options) => stepwise(10_000, options) })
  await expect(client.teach(training, () => {}).result).rejects.toMatchObject({ code: 'busy' })
  remote.stop()
  await remote.result
  const again = client.teach(training, () => {})
  again.stop()
  await again.result
})

test('another model stops the training before the old one goes', async () => {
  const order: string[] = []
  async function* teach(_examples: unknown, options?: TeachOptions) {
    yield* stepwise(10_000, options)
    order.push('ended')
  }
  const { client, remote } = await start({ teach, dispose: () => order.push('disposed') })
  await Promise.all([client.load('embedded', {}), remote.result])
  expect(order).toEqual(['ended', 'disposed'])
})

test('an error of the library arrives with its code, and a loss of the device ends the training', async () => {
  async function* refuse(): AsyncGenerator<TeachEvent, void, void> {
    yield { type: 'features', done: 0, total: 1 }
    throw new BeagleError('out-of-memory', 'It needs 3 GB.')
  }
  const refused = await start({ teach: refuse })
  await expect(refused.remote.result).rejects.toMatchObject({ code: 'out-of-memory', message: 'It needs 3 GB.' })

  const lost = wait(5).then(() => new BeagleError('device-lost', 'Gone.'))
  const { remote } = await start({ lost, teach: (_examples, options) => stepwise(10_000, options) })
  await expect(remote.result).rejects.toMatchObject({ code: 'device-lost' })
})

test('projectors are added, listed, used, exported and removed in the worker', async () => {
  const calls: string[] = []
  const info = (name: string) => ({
    name,
    type: 'linear',
    visualTokens: 64,
    parameters: 1,
    bytes: 4,
    active: false,
    fresh: { type: 'linear' as const },
    provenance: {},
  })
  const { client } = await start({
    teach: (_examples, options) => stepwise(1, options),
    projectors: () => [info('base')],
    addProjector: async (name, file) => {
      if (file.length !== 3) throw new BeagleError('checkpoint-mismatch', 'expects [2,3], has [2,4]')
      return info(name)
    },
    useProjector: (name) => calls.push(`use ${name}`),
    removeProjector: (name) => calls.push(`remove ${name}`),
    exportProjector: async () => new Uint8Array([9]),
  })
  expect(await client.addProjector('mine', new Uint8Array(3))).toEqual(info('mine'))
  await expect(client.addProjector('other', new Uint8Array(4))).rejects.toMatchObject({ code: 'checkpoint-mismatch' })
  expect(await client.projectors()).toEqual([info('base')])
  await client.useProjector('mine')
  await client.removeProjector('mine')
  expect(calls).toEqual(['use mine', 'remove mine'])
  expect(await client.exportProjector('mine')).toEqual(new Uint8Array([9]))
})

async function said(client: Client): Promise<string> {
  let text = ''
  const chunks = client.chat({ messages: [], images: new Map(), options: {} })
  let step = await chunks.next()
  for (; !step.done; step = await chunks.next()) text += step.value.text
  expect(step.value).toEqual(memory)
  return text
}
