import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, describe, expect, it, vi } from 'vitest'
import { deleteTeachStore, listTeachStores, teachStore } from './index.ts'
import { platform } from './platform.web.ts'
import { MemoryDirectory } from './testing/memoryDirectory.ts'

const state = Uint8Array.of(1, 2, 3)

describe('in Node', () => {
  it('a training is kept in its folder', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'beagle-teach-'))
    await (await teachStore(join(folder, 'run'))).write('state', state)
    expect(await (await teachStore(join(folder, 'run'))).read('state')).toEqual(state)
    expect(await listTeachStores()).toEqual([])
    await expect(deleteTeachStore('run')).rejects.toThrow('Delete "run"')
    rmSync(folder, { recursive: true })
  })
})

describe('in the browser', () => {
  const { open, list, delete: remove } = platform.teachStores
  afterEach(() => vi.unstubAllGlobals())

  it('trainings are kept by their keys, listed and deleted', async () => {
    const disk = new MemoryDirectory()
    vi.stubGlobal('navigator', { storage: { getDirectory: async () => disk } })
    for (const key of ['my / birds', '..', 'art']) await (await open(key)).write('state', state)
    expect(await list()).toEqual(['..', 'art', 'my / birds'])
    expect(await (await open('my / birds')).read('state')).toEqual(state)
    await remove('my / birds')
    await remove('never there')
    expect(await list()).toEqual(['..', 'art'])
    expect(await (await open('my / birds')).read('state')).toBeUndefined()
  })

  it('without storage none is kept, and it says so', async () => {
    vi.stubGlobal('navigator', {
      storage: { getDirectory: () => Promise.reject(new DOMException('', 'SecurityError')) },
    })
    await expect(open('art')).rejects.toMatchObject({ code: 'not-found' })
    expect(await list()).toEqual([])
    await remove('art')
  })
})
