import { existsSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import { MemoryDirectory } from '../testing/memoryDirectory.ts'
import { folderFiles } from './keptFiles.node.ts'
import { keptFiles } from './keptFiles.ts'

const folder = mkdtempSync(join(tmpdir(), 'beagle-kept-'))
afterAll(() => rmSync(folder, { recursive: true }))

const bytes = (...values: number[]) => Uint8Array.from(values)

describe.each([
  ['the browser’s storage', () => keptFiles(new MemoryDirectory().asHandle())],
  ['a folder', () => folderFiles(join(mkdtempSync(join(folder, 'a')), 'new'))],
])('files kept in %s', (_, make) => {
  it('are read as they were last written', async () => {
    const files = make()
    expect(await files.read('state')).toBeUndefined()
    for (let i = 0; i < 5; i++) {
      await files.write('state', bytes(1, 2, i))
      await files.write('a/b ~.safetensors', bytes())
      expect(await files.read('state')).toEqual(bytes(1, 2, i))
    }
    expect(await files.read('a/b ~.safetensors')).toEqual(bytes())
    await files.delete('state')
    await files.delete('never there')
    expect(await files.read('state')).toBeUndefined()
    await files.write('state', bytes(7))
    expect(await files.read('state')).toEqual(bytes(7))
  })

  it('may be written without waiting, the last of them last', async () => {
    const files = make()
    await Promise.all(['a', 'b'].flatMap((name) => [1, 2, 3].map((i) => files.write(name, bytes(i)))))
    expect([await files.read('a'), await files.read('b')]).toEqual([bytes(3), bytes(3)])
  })
})

describe('the browser’s storage', () => {
  const keep = async (disk: MemoryDirectory, count: number) => {
    const files = keptFiles(disk.asHandle())
    for (let i = 1; i <= count; i++) await files.write('state', bytes(i, i))
  }
  const contents = (disk: MemoryDirectory) => [...disk.allFiles()].map(([, file]) => file)

  it('keeps the write before one that was broken off', async () => {
    const disk = new MemoryDirectory()
    const files = keptFiles(disk.asHandle())
    await files.write('state', bytes(1))
    disk.faults.interrupt = true
    await expect(files.write('state', bytes(2))).rejects.toThrow('interrupted')
    expect(await files.read('state')).toEqual(bytes(1))
    expect(await keptFiles(disk.asHandle()).read('state')).toEqual(bytes(1))
    await files.write('state', bytes(3))
    expect(await keptFiles(disk.asHandle()).read('state')).toEqual(bytes(3))
  })

  it.each([1, 2, 3, 4])('reads, after %i writes, the one before where the last is cut or changed', async (count) => {
    for (const damage of [
      (content: Uint8Array) => content.slice(0, -1),
      (content: Uint8Array) => content.slice(0, 3),
      (content: Uint8Array) => content.map((byte, i) => (i === 0 ? byte ^ 1 : byte)),
      () => new Uint8Array(),
    ]) {
      const disk = new MemoryDirectory()
      await keep(disk, count)
      const last = contents(disk).find(({ content }) => content[0] === count)!
      last.content = damage(last.content) as Uint8Array<ArrayBuffer>
      const again = keptFiles(disk.asHandle())
      expect(await again.read('state')).toEqual(count > 1 ? bytes(count - 1, count - 1) : undefined)
      await again.write('state', bytes(9))
      expect(await keptFiles(disk.asHandle()).read('state')).toEqual(bytes(9))
      expect(contents(disk).length).toBeLessThanOrEqual(2)
    }
  })

  it('says when it is full, and has what was there', async () => {
    const disk = new MemoryDirectory()
    await keep(disk, 1)
    disk.faults.quota = 10
    await expect(keptFiles(disk.asHandle()).write('state', bytes(2))).rejects.toMatchObject({ code: 'out-of-memory' })
    expect(await keptFiles(disk.asHandle()).read('state')).toEqual(bytes(1, 1))
  })
})

describe('a folder', () => {
  it('has one file for each name, nothing beside it, and none outside', async () => {
    const place = join(folder, 'whole')
    const files = folderFiles(place)
    await files.write('../../outside', bytes(1))
    await files.write('..', bytes(1))
    await files.write('..', bytes(2))
    expect(readdirSync(place).length).toBe(2)
    expect(existsSync(join(folder, 'outside'))).toBe(false)
    expect(await files.read('..')).toEqual(bytes(2))
  })

  it('that is none says so', async () => {
    const file = join(folder, 'file')
    writeFileSync(file, 'text')
    await expect(folderFiles(file).write('state', bytes(1))).rejects.toMatchObject({
      code: 'bad-file',
      message: expect.stringContaining('Choose another folder'),
    })
  })
})
