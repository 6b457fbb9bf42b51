import { open, readdir, stat } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { BeagleError, throwIfAborted } from '../errors.ts'
import { type ByteSource, checkRange, type ModelFiles, modelFiles } from './byteSource.ts'

async function statFile(path: string) {
  try {
    return await stat(path)
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    if (code === 'ENOENT' || code === 'ENOTDIR') return undefined
    throw new BeagleError('bad-file', `${path} cannot be read: ${(error as Error).message}`, { cause: error })
  }
}

async function fsSource(name: string, path: string): Promise<ByteSource | undefined> {
  const info = await statFile(path)
  if (!info?.isFile()) return undefined
  return {
    name,
    size: info.size,
    version: `${info.size}-${info.mtimeMs}`,
    async read(start, end, signal) {
      throwIfAborted(signal)
      checkRange(name, info.size, start, end)
      const file = await open(path)
      try {
        const bytes = new Uint8Array(end - start)
        for (let at = 0; at < bytes.length; ) {
          const { bytesRead } = await file.read(bytes, at, bytes.length - at, start + at)
          if (bytesRead === 0) checkRange(name, start + at, start, end)
          at += bytesRead
        }
        return bytes
      } finally {
        await file.close()
      }
    },
  }
}

/** A model in a folder on disk (Node). Throws `not-found` when there is no such folder. */
export async function fsFiles(folder: string): Promise<ModelFiles> {
  const root = resolve(folder)
  if (!(await statFile(root))?.isDirectory()) {
    throw new BeagleError(
      'not-found',
      `There is no folder "${folder}". Give the folder that holds config.json and model.safetensors.`,
    )
  }
  return modelFiles(
    root,
    (path) => fsSource(path, join(root, path)),
    async () => {
      const names = await readdir(root)
      const sources = await Promise.all(names.map((name) => fsSource(name, join(root, name))))
      return sources.flatMap((source) => (source ? [{ path: source.name, size: source.size }] : []))
    },
  )
}
