import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { type HubServer, startHubServer } from '../testing/hubServer.ts'
import { openCheckpoint, readFloat32, readTensor } from './checkpoint.ts'
import { httpFiles } from './httpFiles.ts'
import { type HubOptions, hubFiles, webFiles } from './hubFiles.ts'
import { writeSafetensors } from './writeSafetensors.ts'

/** 3 MB of weights that tell their place. */
const big = Float32Array.from({ length: 786_432 }, (_, i) => i)
const weights = writeSafetensors({
  big: { shape: [768, 1024], data: big },
  small: { shape: [3], data: Float32Array.of(1, 2, 3) },
})

let server: HubServer
const fast = { retryDelayMs: 1, stallMs: 200 }
const hub = (options: HubOptions = {}) => hubFiles('owner/model', { host: server.url, ...fast, ...options })
const rangesOf = (path: string) => server.log.filter((request) => request.path.includes(path)).map(({ range }) => range)

beforeEach(async () => {
  server = await startHubServer({
    files: { 'config.json': { a: 1 }, 'empty.txt': '', 'model.safetensors': weights, 'sub dir/é#?.txt': 'odd' },
  })
})
afterEach(() => server.close())

describe('hubFiles', () => {
  it('reads configs with one request each, and tells missing files from failures', async () => {
    const files = hub()
    expect(await files.json('config.json')).toEqual({ a: 1 })
    expect(server.log).toHaveLength(1)
    expect(await files.text('sub dir/é#?.txt')).toBe('odd')
    expect(await files.text('empty.txt')).toBe('')
    expect(await files.text('nothing.json')).toBeUndefined()
    expect(await files.has('config.json')).toBe(true)
  })

  it('opens again from its origin', async () => {
    const again = webFiles(hub({ revision: 'main' }).origin, fast)
    expect(again.origin).toBe(hub().origin)
    expect((await again.open('model.safetensors'))!.sha256).toMatch(/^[0-9a-f]{64}$/)
    expect(webFiles(hub({ revision: 'refs/pr/1' }).origin).origin).toBe(hub({ revision: 'refs/pr/1' }).origin)
    expect(webFiles('https://huggingface.co/owner/model').origin).toBe(
      'https://huggingface.co/owner/model/resolve/main',
    )
    expect(webFiles('https://huggingface.co/owner/model/tree/v2').origin).toBe(
      'https://huggingface.co/owner/model/resolve/v2',
    )
    expect(webFiles(`${server.url}/some/folder`).list).toBeUndefined()
    expect(() => webFiles('models/pocket')).toThrow(/"models\/pocket" is no web address/)
  })

  it('does without a list of files', async () => {
    const bare = hubFiles('owner/model', {
      ...fast,
      host: server.url,
      fetch: (url, init) =>
        String(url).includes('/api/')
          ? Promise.resolve(new Response('<html>', { headers: { 'content-type': 'text/html' } }))
          : fetch(url, init),
    })
    expect((await bare.open('model.safetensors'))!.sha256).toBeUndefined()
    expect(await bare.list!()).toEqual([])
  })

  it('follows the redirect to the CDN once, then reads ranges there', async () => {
    const checkpoint = await openCheckpoint(hub())
    expect(Array.from(await readFloat32(checkpoint.tensors.get('small')!))).toEqual([1, 2, 3])
    expect(
      Buffer.compare(
        await readFloat32(checkpoint.tensors.get('big')!).then((f) => new Uint8Array(f.buffer)),
        new Uint8Array(big.buffer),
      ),
    ).toBe(0)
    expect(rangesOf('/resolve/')).toEqual(['bytes=0-65535'])
    expect(rangesOf('/cdn/').length).toBeGreaterThan(1)
  })

  it('knows size, version and the SHA-256 from the list of files', async () => {
    const files = hub()
    const source = await files.open('model.safetensors')
    expect(source).toMatchObject({
      size: weights.length,
      version: expect.stringMatching(/^"[0-9a-f]{40}"$/),
      sha256: expect.stringMatching(/^[0-9a-f]{64}$/),
    })
    expect(await files.list!()).toContainEqual({
      path: 'model.safetensors',
      size: weights.length,
      sha256: source!.sha256,
    })
  })

  it('goes back to the hub when the address of the CDN has expired', async () => {
    const source = (await hub().open('model.safetensors'))!
    server.faults.expired = 1
    expect(await source.read(100_000, 100_004)).toEqual(weights.slice(100_000, 100_004))
    expect(rangesOf('/resolve/')).toEqual(['bytes=0-65535', 'bytes=100000-100003'])
  })

  it('goes on where a broken connection stopped', async () => {
    const source = (await hub().open('model.safetensors'))!
    Object.assign(server.faults, { cuts: 6, cutAfter: 400_000 })
    expect(Buffer.compare(await source.read(0, weights.length), weights)).toBe(0)
    const starts = rangesOf('/cdn/')
      .slice(1)
      .map((range) => Number(/=(\d+)/.exec(range!)![1]))
    expect(starts).toHaveLength(7)
    expect(starts).toEqual([...starts].sort((a, b) => a - b))
    expect(starts[1]).toBeGreaterThan(0)
  })

  it('tries again after refusals and stalls, and gives up in the end', async () => {
    server.faults.refusals = 2
    expect(await hub().json('config.json')).toEqual({ a: 1 })
    const source = (await hub().open('model.safetensors'))!
    server.faults.stalls = 1
    expect((await source.read(70_000, 70_010)).length).toBe(10)
    server.faults.refusals = 100
    await expect(source.read(70_000, 70_010)).rejects.toMatchObject({
      code: 'network',
      message: expect.stringMatching(/answered 503.*tried 5 times/),
    })
  })

  it('says so when nothing answers', async () => {
    await server.close()
    await expect(hub({ attempts: 2 }).json('config.json')).rejects.toMatchObject({
      code: 'network',
      message: expect.stringMatching(/config.json could not be read.*tried 2 times/),
    })
  })

  it('stops on abort', async () => {
    const source = (await hub().open('model.safetensors'))!
    server.faults.stalls = 1
    const reading = source.read(70_000, 2_000_000, AbortSignal.timeout(20))
    await expect(reading).rejects.toMatchObject({ code: 'aborted' })
    await expect(hub().open('config.json', AbortSignal.abort())).rejects.toMatchObject({ code: 'aborted' })
  })

  it('notices when the file changes in the middle', async () => {
    const source = (await hub().open('model.safetensors'))!
    server.files.set('model.safetensors', weights.slice().fill(1, -4))
    await expect(source.read(70_000, 70_010)).rejects.toMatchObject({
      code: 'bad-file',
      message: expect.stringMatching(/its version went from/),
    })
    server.files.set('model.safetensors', weights.slice(0, 100_000))
    await expect(source.read(70_000, 70_010)).rejects.toThrow(/its size went from \d+ to 100000/)
  })

  it('explains refusals in the terms of the hub', async () => {
    await expect(hubFiles('owner/other', { host: server.url }).text('config.json')).rejects.toMatchObject({
      code: 'unauthorized',
      message: expect.stringMatching(/answered 401 for owner\/other.*give an access token/),
    })
    await expect(hub({ revision: 'v9' }).text('config.json')).rejects.toMatchObject({
      code: 'not-found',
      message: expect.stringMatching(/no revision "v9"/),
    })
    expect(() => hubFiles('https://x.y/owner/model')).toThrow(/no hub id; write owner\/name/)
    expect(() => hubFiles('../model')).toThrow(/no hub id/)
  })

  it('sends the token to the hub and not to the CDN', async () => {
    await server.close()
    server = await startHubServer({ token: 'hf_x', files: { 'model.safetensors': weights } })
    await expect(hub().open('model.safetensors')).rejects.toMatchObject({
      code: 'unauthorized',
      message: expect.stringMatching(/gated: accept its terms/),
    })
    const source = (await hub({ token: 'hf_x' }).open('model.safetensors'))!
    await source.read(70_000, 70_010)
    const direct = server.log.filter(({ path }) => path.startsWith('/cdn/')).at(-1)
    expect(direct?.authorization).toBeUndefined()
  })
})

describe('httpFiles', () => {
  const plain = () => httpFiles(`${server.url}/owner/model/resolve/main/`, fast)

  it('reads a folder of any server', async () => {
    expect(plain().origin).toBe(`${server.url}/owner/model/resolve/main`)
    expect(await plain().json('config.json')).toEqual({ a: 1 })
    expect((await openCheckpoint(plain())).tensors.size).toBe(2)
  })

  it('reads whole files, once, from servers without ranges', async () => {
    const large = writeSafetensors({ big: { shape: [3_000_000], data: new Float32Array(3_000_000).fill(2.5) } })
    server.files.set('model.safetensors', large)
    Object.assign(server.faults, { noRanges: true, cuts: 0 })
    const checkpoint = await openCheckpoint(plain())
    server.log.length = 0
    const bytes = await readTensor(checkpoint.tensors.get('big')!)
    expect(Buffer.compare(bytes, large.subarray(large.length - 12_000_000))).toBe(0)
    expect(server.log).toEqual([])
  })

  it('begins anew when a server without ranges breaks off', async () => {
    const large = writeSafetensors({ big: { shape: [3_000_000], data: new Float32Array(3_000_000).fill(2.5) } })
    server.files.set('model.safetensors', large)
    server.faults.noRanges = true
    const source = (await plain().open('model.safetensors'))!
    Object.assign(server.faults, { cuts: 1, cutAfter: 5_000_000 })
    const parts: Uint8Array[] = []
    for await (const piece of source.stream!()) parts.push(piece)
    expect(Buffer.compare(Buffer.concat(parts), large)).toBe(0)
    Object.assign(server.faults, { cuts: 1, cutAfter: 5_000_000 })
    expect(await source.read(11_000_000, 11_000_004)).toEqual(large.slice(11_000_000, 11_000_004))
  })

  it('takes the start page of a single-page server for a missing file', async () => {
    const page = async () => new Response('<!doctype html>', { headers: { 'content-type': 'text/html' } })
    expect(await httpFiles('http://app.test/models', { fetch: page }).json('config.json')).toBeUndefined()
  })
})
