import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { type HubServer, startHubServer } from '../testing/hubServer.ts'
import { MemoryDirectory } from '../testing/memoryDirectory.ts'
import { openCache } from './cache.ts'
import { cachedFiles } from './cachedFiles.ts'
import { openCheckpoint, readTensor } from './checkpoint.ts'
import { hubFiles } from './hubFiles.ts'
import { writeSafetensors } from './writeSafetensors.ts'

const BLOCK = 100_000
const weights = writeSafetensors({
  a: { shape: [50_000], data: Float32Array.from({ length: 50_000 }, (_, i) => i) },
  b: { shape: [60_000], data: new Float32Array(60_000).fill(3) },
})
const blocks = Math.ceil(weights.length / BLOCK)

let server: HubServer
let disk: MemoryDirectory

beforeEach(async () => {
  server = await startHubServer({ files: { 'config.json': { a: 1 }, 'model.safetensors': weights } })
  disk = new MemoryDirectory()
})
afterEach(() => server.close())

const cache = () => openCache(disk.asHandle())
const hub = () => hubFiles('owner/model', { host: server.url, retryDelayMs: 1, attempts: 2 })

async function opened() {
  return cachedFiles(hub(), await cache().folder(hub().origin), BLOCK)
}

/** What a load does. */
async function load(files: Awaited<ReturnType<typeof opened>>, signal?: AbortSignal) {
  expect(await files.json('config.json', signal)).toEqual({ a: 1 })
  expect(await files.json('generation_config.json', signal)).toBeUndefined()
  const source = (await files.open('model.safetensors', signal))!
  const read: Uint8Array[] = []
  for (let at = 0; at < source.size; at += 70_000)
    read.push(await source.read(at, Math.min(at + 70_000, source.size), signal))
  expect(Buffer.compare(Buffer.concat(read), weights)).toBe(0)
  return files.finish(signal)
}

const cdnRequests = () => server.log.filter(({ path }) => path.startsWith('/cdn/'))
const blockFiles = () => [...disk.allFiles()].filter(([path]) => path.includes('model.safetensors~'))

describe('cachedFiles', () => {
  it('keeps what it reads, and asks the network for nothing the second time', async () => {
    expect(await load(await opened())).toBe(true)
    expect(blockFiles()).toHaveLength(blocks)
    await server.close()
    const again = await opened()
    expect(again.complete).toBe(true)
    expect(await load(again)).toBe(true)
  })

  it('lists models with their sizes and deletes them', async () => {
    await load(await opened())
    const [entry] = await cache().list()
    expect(entry).toMatchObject({ origin: hub().origin, complete: true })
    expect(entry!.bytes).toBeGreaterThan(weights.length)
    expect(Date.now() - entry!.usedAt).toBeLessThan(10_000)
    const byKey = await cachedFiles(undefined, await cache().folderOf(entry!.key), BLOCK)
    expect((await openCheckpoint(byKey)).tensors.size).toBe(2)
    await cache().delete(entry!.key)
    await cache().delete(entry!.key)
    expect(await cache().list()).toEqual([])
    await expect(cache().folderOf(entry!.key)).rejects.toMatchObject({ code: 'not-found' })
  })

  it('goes on where an interrupted load stopped', async () => {
    const files = await opened()
    const source = (await files.open('model.safetensors'))!
    await source.read(0, 2 * BLOCK)
    expect((await cache().list())[0]).toMatchObject({ complete: false })
    await expect(cachedFiles(undefined, await cache().folder(hub().origin), BLOCK)).rejects.toThrow(/not complete/)
    server.log.length = 0
    expect(await load(await opened())).toBe(true)
    expect(cdnRequests().map(({ range }) => range)).toEqual([
      'bytes=0-65535',
      ...Array.from({ length: blocks - 2 }, (_, i) => expect.stringContaining(`bytes=${(i + 2) * BLOCK}-`)),
    ])
  })

  it('is not poisoned by a write or a download that breaks off', async () => {
    disk.faults.interrupt = true
    await expect(load(await opened())).rejects.toThrow()
    Object.assign(server.faults, { cuts: 50, cutAfter: 0 })
    await expect(load(await opened())).rejects.toMatchObject({ code: 'network' })
    server.faults.cuts = 0
    expect(await load(await opened())).toBe(true)
  })

  it('fetches a damaged, cut or missing block again, also of a complete model', async () => {
    await load(await opened())
    const [first, second, third] = blockFiles().map(([, file]) => file)
    first!.content[1000]! ^= 1
    second!.content = second!.content.slice(0, 500)
    third!.content = new Uint8Array()
    server.log.length = 0
    expect(await load(await opened())).toBe(true)
    expect(cdnRequests().length).toBeGreaterThanOrEqual(3)
    server.log.length = 0
    expect(await load(await opened())).toBe(true)
    expect(server.log).toEqual([])
  })

  it('says so when a complete model is damaged and its origin has changed', async () => {
    await load(await opened())
    blockFiles()[1]![1].content = new Uint8Array()
    server.files.set('model.safetensors', weights.slice(0, -4))
    await expect(load(await opened())).rejects.toMatchObject({
      code: 'bad-file',
      message: expect.stringMatching(/damaged and .* another version.*Delete the cached model/),
    })
  })

  it('discards what was kept of a file that has changed at the origin', async () => {
    const before = weights.slice()
    before[weights.length - 1]! ^= 1
    server.files.set('model.safetensors', before)
    const unfinished = (await (await opened()).open('model.safetensors'))!
    await unfinished.read(0, unfinished.size)
    server.files.set('model.safetensors', weights)
    expect(await load(await opened())).toBe(true)
  })

  it('checks the SHA-256 that the hub states and deletes what does not fit', async () => {
    server.faults.flip = 'model.safetensors'
    const files = await opened()
    const source = (await files.open('model.safetensors'))!
    await source.read(0, source.size)
    await expect(files.finish()).rejects.toMatchObject({
      code: 'bad-file',
      message: expect.stringMatching(/SHA-256 is [0-9a-f]{64}, .* states [0-9a-f]{64}/),
    })
    expect(blockFiles()).toHaveLength(0)
    server.faults.flip = undefined
    expect(await load(await opened())).toBe(true)
  })

  it('checks the SHA-256 of blocks that were read out of order', async () => {
    const files = await opened()
    const source = (await files.open('model.safetensors'))!
    for (let index = blocks - 1; index >= 0; index -= 2) await source.read(index * BLOCK, index * BLOCK + 10)
    expect(await files.finish()).toBe(true)
    expect(blockFiles()).toHaveLength(blocks)
  })

  it('fills up from a server without ranges in one pass', async () => {
    const large = writeSafetensors({ big: { shape: [2_200_000], data: new Float32Array(2_200_000).fill(2.5) } })
    server.files.set('model.safetensors', large)
    server.faults.noRanges = true
    const files = await opened()
    const checkpoint = await openCheckpoint(files)
    server.log.length = 0
    expect(
      Buffer.compare(await readTensor(checkpoint.tensors.get('big')!), large.subarray(large.length - 8_800_000)),
    ).toBe(0)
    expect(await files.finish()).toBe(true)
    expect(server.log.length).toBeLessThanOrEqual(1)
  })

  it('loads without keeping when the storage is full', async () => {
    disk.faults.quota = 150_000
    const files = await opened()
    expect(await load(files)).toBe(false)
    expect((await cache().list())[0]).toMatchObject({ complete: false })
  })

  it('stops on abort and keeps what it has', async () => {
    const files = await opened()
    const controller = new AbortController()
    const source = (await files.open('model.safetensors'))!
    await source.read(0, BLOCK, controller.signal)
    controller.abort()
    await expect(source.read(BLOCK, 2 * BLOCK, controller.signal)).rejects.toMatchObject({ code: 'aborted' })
    expect(blockFiles()).toHaveLength(1)
  })
})
