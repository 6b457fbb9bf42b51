import { BeagleError } from '../errors.ts'

type SyncHandle = {
  write(data: Uint8Array, options: { at: number }): number
  truncate(size: number): void
  flush(): void
  close(): void
}

/** A folder of this page in the browser's private file system; `undefined` where there is none (private windows, insecure pages). */
export async function browserFolder(name: string): Promise<FileSystemDirectoryHandle | undefined> {
  try {
    return await (await navigator.storage.getDirectory()).getDirectoryHandle(name, { create: true })
  } catch {
    return undefined
  }
}

/**
 * Writes a file. A writable appears whole when it is closed; the older synchronous handle (workers) writes in place. Throws
 * `out-of-memory` when the browser's storage is full.
 */
export async function writeFile(
  folder: FileSystemDirectoryHandle,
  name: string,
  parts: readonly Uint8Array<ArrayBuffer>[],
): Promise<void> {
  try {
    const file = await folder.getFileHandle(name, { create: true })
    if ('createWritable' in file) await writeBeside(file, parts)
    else
      await writeInPlace(
        await (file as { createSyncAccessHandle(): Promise<SyncHandle> }).createSyncAccessHandle(),
        parts,
      )
  } catch (error) {
    if ((error as DOMException).name !== 'QuotaExceededError') throw error
    throw new BeagleError('out-of-memory', "The browser's storage is full. Delete cached models or free disk space.", {
      cause: error,
    })
  }
}

async function writeBeside(file: FileSystemFileHandle, parts: readonly Uint8Array<ArrayBuffer>[]): Promise<void> {
  const writable = await file.createWritable()
  try {
    for (const part of parts) await writable.write(part)
  } catch (error) {
    await writable.abort().catch(() => {})
    throw error
  }
  await writable.close()
}

async function writeInPlace(handle: SyncHandle, parts: readonly Uint8Array<ArrayBuffer>[]): Promise<void> {
  try {
    handle.truncate(0)
    let at = 0
    for (const part of parts) at += handle.write(part, { at })
    handle.flush()
  } finally {
    handle.close()
  }
}

/** The whole of a file; `undefined` where there is none. */
export async function readFile(
  folder: FileSystemDirectoryHandle,
  name: string,
): Promise<Uint8Array<ArrayBuffer> | undefined> {
  try {
    const file = await (await folder.getFileHandle(name)).getFile()
    return new Uint8Array(await file.arrayBuffer())
  } catch (error) {
    if (isMissing(error)) return undefined
    throw error
  }
}

/** Deletes a file or a folder with all that is in it; one that is not there is no error. */
export async function remove(folder: FileSystemDirectoryHandle, name: string): Promise<void> {
  await folder.removeEntry(name, { recursive: true }).catch((error) => {
    if (!isMissing(error)) throw error
  })
}

export const isMissing = (error: unknown): boolean => (error as DOMException).name === 'NotFoundError'

export async function sha256(bytes: Uint8Array<ArrayBuffer>): Promise<Uint8Array<ArrayBuffer>> {
  return new Uint8Array(await crypto.subtle.digest('SHA-256', bytes))
}
