import { mkdir, open, readFile, rename, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { BeagleError } from '../errors.ts'
import { type KeptFiles, queue, safeName } from './keptFiles.ts'

/** Files in a folder on disk (Node), which is made with the first write. A write goes beside its file and then takes its place. */
export function folderFiles(folder: string): KeptFiles {
  const path = (name: string) => join(folder, safeName(name))
  const failed = (name: string, what: string, cause: NodeJS.ErrnoException) =>
    new BeagleError(
      cause.code === 'ENOSPC' ? 'out-of-memory' : 'bad-file',
      `"${path(name)}" cannot be ${what}: ${cause.message}. Choose another folder, or free it for this program.`,
      { cause },
    )
  const inTurn = queue()
  async function write(name: string, bytes: Uint8Array): Promise<void> {
    const beside = `${path(name)}~`
    await mkdir(folder, { recursive: true })
    const file = await open(beside, 'w')
    try {
      await file.writeFile(bytes)
      await file.sync()
    } finally {
      await file.close()
    }
    await rename(beside, path(name))
  }
  return {
    async read(name) {
      try {
        return new Uint8Array(await readFile(path(name)))
      } catch (error) {
        const cause = error as NodeJS.ErrnoException
        if (cause.code === 'ENOENT') return undefined
        throw failed(name, 'read', cause)
      }
    },
    write: (name, bytes) =>
      inTurn(() => write(name, bytes)).catch((cause) => {
        throw failed(name, 'written', cause)
      }),
    delete: (name) => inTurn(() => rm(path(name), { force: true })),
  }
}
