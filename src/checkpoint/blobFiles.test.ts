import { describe, expect, it } from 'vitest'
import { MemoryDirectory } from '../testing/memoryDirectory.ts'
import { blobFiles, directoryFiles } from './blobFiles.ts'

function picked(path: string, content: string): File {
  return Object.defineProperty(
    new File([content], path.split('/').at(-1)!, { lastModified: 5 }),
    'webkitRelativePath',
    { value: path.includes('/') ? path : '' },
  )
}

describe('blobFiles', () => {
  it('leaves out the name of the picked folder', async () => {
    const files = blobFiles([picked('my-model/config.json', '{"a":1}'), picked('my-model/sub/x.txt', 'x')])
    expect(await files.json('config.json')).toEqual({ a: 1 })
    expect(await files.text('sub/x.txt')).toBe('x')
    expect(await files.has('my-model/config.json')).toBe(false)
    expect(await files.list!()).toEqual([
      { path: 'config.json', size: 7 },
      { path: 'sub/x.txt', size: 1 },
    ])
  })

  it('reads ranges of dropped files by their names', async () => {
    const source = (await blobFiles([picked('config.json', '{}'), picked('w.bin', 'abcdef')]).open('w.bin'))!
    expect(source).toMatchObject({ size: 6, version: '6-5' })
    expect(new TextDecoder().decode(await source.read(2, 4))).toBe('cd')
    await expect(source.read(4, 9)).rejects.toThrow(/w.bin: bytes 4 to 9 were asked for, the file has 6/)
    await expect(source.read(0, 1, AbortSignal.abort())).rejects.toMatchObject({ code: 'aborted' })
  })

  it('says which file is no JSON', async () => {
    await expect(blobFiles([picked('config.json', '{oops')]).json('config.json')).rejects.toThrow(
      /config.json is not JSON.*dropped files/,
    )
  })
})

describe('directoryFiles', () => {
  it('reads and lists a folder and the folders in it', async () => {
    const root = new MemoryDirectory('models')
    const sub = await root.getDirectoryHandle('sub', { create: true })
    for (const [folder, name] of [
      [root, 'config.json'],
      [sub, 'x.json'],
    ] as const) {
      const writable = await (await folder.getFileHandle(name, { create: true })).createWritable()
      await writable.write(new TextEncoder().encode(`{"name":"${name}"}`))
      await writable.close()
    }
    const files = directoryFiles(root.asHandle())
    expect(files.origin).toBe('models')
    expect(await files.json('sub/x.json')).toEqual({ name: 'x.json' })
    expect(await files.open('nothing/x.json')).toBeUndefined()
    expect(await files.open('config.json/x')).toBeUndefined()
    expect(await files.open('sub')).toBeUndefined()
    expect(await files.list!()).toEqual([
      { path: 'sub/x.json', size: 17 },
      { path: 'config.json', size: 22 },
    ])
  })
})
