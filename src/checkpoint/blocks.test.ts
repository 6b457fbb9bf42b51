import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { describe, expect, it } from 'vitest'
import { BLOCK_BYTES, blockSource } from './blocks.ts'
import type { ByteSource } from './byteSource.ts'
import { readTensor } from './checkpoint.ts'

/** A source whose byte i is i modulo 251, and what was asked of it. */
function counted(size: number, fail: (start: number) => Error | undefined = () => undefined) {
  const asked: number[][] = []
  const source: ByteSource = {
    name: 'counted',
    size,
    async read(start, end, signal) {
      asked.push([start, end])
      await new Promise((resolve) => setTimeout(resolve, 1))
      const error = fail(start)
      if (error) throw error
      signal?.throwIfAborted()
      return Uint8Array.from({ length: end - start }, (_, i) => (start + i) % 251)
    },
  }
  return { asked, source }
}

describe('blockSource', () => {
  it('answers many small reads with few requests, one block ahead', async () => {
    const { asked, source } = counted(45)
    const blocks = blockSource(source, 10)
    for (let at = 0; at < 45; at += 3) expect(Array.from(await blocks.read(at, at + 3))).toEqual([at, at + 1, at + 2])
    expect(asked).toEqual([
      [0, 10],
      [10, 20],
      [20, 30],
      [30, 40],
      [40, 45],
    ])
  })

  it('reads across blocks and does not fetch ahead after a jump', async () => {
    const { asked, source } = counted(100)
    const blocks = blockSource(source, 10)
    expect(Array.from(await blocks.read(58, 62))).toEqual([58, 59, 60, 61])
    expect(asked[0]).toEqual([50, 60])
    expect(asked).not.toContainEqual([0, 10])
    expect((await blocks.read(0, 0)).length).toBe(0)
    await expect(blocks.read(99, 101)).rejects.toMatchObject({
      code: 'bad-file',
      message: expect.stringMatching(/bytes 99 to 101 .* has 100/),
    })
  })

  it('forgets failures, so that the next read tries again', async () => {
    let failing = true
    const { source } = counted(20, (start) => (failing && start === 10 ? new Error('no') : undefined))
    const blocks = blockSource(source, 10)
    await expect(blocks.read(10, 20)).rejects.toThrow('no')
    failing = false
    expect((await blocks.read(10, 20))[0]).toBe(10)
  })

  it('does not fail a reader because another one was stopped', async () => {
    const { source } = counted(30)
    const blocks = blockSource(source, 10)
    const controller = new AbortController()
    const stopped = blocks.read(0, 10, controller.signal)
    const other = blocks.read(0, 10)
    controller.abort()
    await expect(stopped).rejects.toThrow()
    expect((await other)[9]).toBe(9)
  })

  it('reads 160 MB of tensors while holding little more than the largest', async () => {
    setFlagsFromString('--expose-gc')
    const collectGarbage: () => void = runInNewContext('gc')
    const size = 160 * 1024 * 1024
    const largest = size / 40
    const zeros = new Uint8Array(BLOCK_BYTES)
    const source = blockSource({ name: 'zeros', size, read: async (start, end) => zeros.slice(0, end - start) })
    collectGarbage()
    const before = process.memoryUsage().arrayBuffers
    let most = 0
    for (let at = 0; at < size; at += largest) {
      const tensor = await readTensor({
        name: 't',
        dtype: 'F32',
        shape: [largest / 4],
        source,
        begin: at,
        end: at + largest,
      })
      collectGarbage()
      most = Math.max(most, process.memoryUsage().arrayBuffers - before)
      expect(tensor.length).toBe(largest)
    }
    expect(most).toBeLessThan(32 * 1024 * 1024 + largest)
  })
})
