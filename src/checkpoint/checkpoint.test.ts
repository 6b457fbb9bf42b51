import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'
import { blobSource, bytesSource, type ModelFiles, modelFiles } from './byteSource.ts'
import { chunks, elementCount, openCheckpoint, readFloat32, readTensor, singleCheckpoint } from './checkpoint.ts'
import { fsFiles } from './fs.node.ts'
import { writeSafetensors } from './writeSafetensors.ts'

const ramp = (length: number, start = 0) => Float32Array.from({ length }, (_, i) => start + i)

function memoryFiles(contents: Record<string, Uint8Array | object>): ModelFiles {
  return modelFiles('memory', async (path) => {
    const content = contents[path]
    if (content === undefined) return undefined
    return bytesSource(
      path,
      content instanceof Uint8Array ? content : new TextEncoder().encode(JSON.stringify(content)),
    )
  })
}

const shardA = writeSafetensors({ a: { shape: [2, 3], data: ramp(6) } }, { from: 'a' })
const shardB = writeSafetensors({ b: { shape: [4], data: ramp(4, 10) }, c: { shape: [1], data: ramp(1, 20) } })
const index = (map: object) => ({ metadata: { total_size: 44 }, weight_map: map })

describe('openCheckpoint', () => {
  it('reads a golden from disk', async () => {
    const files = await fsFiles(fileURLToPath(new URL('../../goldens/stories260k', import.meta.url)))
    const checkpoint = await openCheckpoint(files)
    expect(checkpoint.tensors.size).toBe(47)
    expect(checkpoint.metadata.get('format')).toBe('pt')
    expect(checkpoint.totalBytes).toBe(1045064 - 8 - 4928)
    const norm = checkpoint.tensors.get('model.norm.weight')!
    expect(elementCount(norm)).toBe(64)
    expect((await readFloat32(norm)).every((value) => value > 0.1 && value < 20)).toBe(true)
    expect((await files.list!()).map(({ path }) => path)).toContain('config.json')
  })

  it('joins shards', async () => {
    const files = memoryFiles({
      'model.safetensors.index.json': index({ a: 'm-1.safetensors', b: 'm-2.safetensors', c: 'm-2.safetensors' }),
      'm-1.safetensors': shardA,
      'm-2.safetensors': shardB,
    })
    const checkpoint = await openCheckpoint(files)
    expect([...checkpoint.tensors.keys()]).toEqual(['a', 'b', 'c'])
    expect([checkpoint.totalBytes, checkpoint.metadata.get('from')]).toEqual([44, 'a'])
    expect(Array.from(await readFloat32(checkpoint.tensors.get('b')!))).toEqual([10, 11, 12, 13])
  })

  it('reports every disagreement of index and shards at once', async () => {
    const files = memoryFiles({
      'model.safetensors.index.json': index({
        a: 'm-1.safetensors',
        x: 'm-1.safetensors',
        b: 'm-1.safetensors',
        gone: 'm-3.safetensors',
        c: 'm-2.safetensors',
      }),
      'm-1.safetensors': shardA,
      'm-2.safetensors': shardB,
    })
    const error = await openCheckpoint(files).catch((caught) => caught)
    expect(error.code).toBe('bad-checkpoint')
    for (const part of [
      'tensor "x" is not in m-1.safetensors',
      'm-2.safetensors holds "b", which the index puts in m-1.safetensors',
      'the file m-3.safetensors is missing (it holds 1 tensors, the first "gone")',
    ]) {
      expect(error.message).toContain(part)
    }
  })

  it.each([
    ['no weights at all', {}, /neither model.safetensors nor model.safetensors.index.json/],
    ['an index without a map', { 'model.safetensors.index.json': { a: 1 } }, /no weight_map/],
    [
      'a shard outside the model',
      { 'model.safetensors.index.json': index({ a: '../m.safetensors' }) },
      /tensor "a" lies in "..\/m.safetensors"/,
    ],
    ['a shard that is no text', { 'model.safetensors.index.json': index({ a: 3 }) }, /tensor "a" lies in 3/],
    ['an index that is no JSON', { 'model.safetensors.index.json': new TextEncoder().encode('{') }, /is not JSON/],
  ])('says what is wrong with %s', async (_, contents, message) => {
    await expect(openCheckpoint(memoryFiles(contents))).rejects.toThrow(message)
  })

  it('says which folder is missing', async () => {
    await expect(fsFiles('/no/such/folder')).rejects.toMatchObject({
      code: 'not-found',
      message: expect.stringContaining('/no/such/folder'),
    })
  })
})

describe('reading', () => {
  it('cuts tensors into chunks of whole elements', async () => {
    const { tensors } = await singleCheckpoint(blobSource('a', new Blob([shardA])))
    const sizes: number[] = []
    for await (const chunk of chunks(tensors.get('a')!, 10)) sizes.push(chunk.length)
    expect(sizes).toEqual([8, 8, 8])
    expect((await readTensor(tensors.get('a')!)).length).toBe(24)
  })

  it('never asks for more than 8 MB at once and stops on abort', async () => {
    const asked: number[] = []
    const size = 20 * 1024 * 1024
    const source = {
      name: 'big',
      size,
      read: async (start: number, end: number) => {
        asked.push(end - start)
        return new Uint8Array(end - start)
      },
    }
    const ref = { name: 't', dtype: 'F32' as const, shape: [size / 4], source, begin: 0, end: size }
    await readTensor(ref)
    expect(Math.max(...asked)).toBeLessThanOrEqual(8 * 1024 * 1024)
    const { tensors } = await singleCheckpoint(bytesSource('b', shardB))
    await expect(readFloat32(tensors.get('b')!, AbortSignal.abort())).rejects.toMatchObject({ code: 'aborted' })
  })
})
