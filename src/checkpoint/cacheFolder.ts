import { BeagleError } from '../errors.ts'

/** What the cache knows about one file of a model. */
export interface CachedFile {
  size: number
  version?: string
  sha256?: string
}

/** `model.json` in a model's folder of the cache. */
export interface CacheManifest {
  origin: string
  /** Set when a load has come to its end: every file it needs is here, and the network is asked no more. */
  complete: boolean
  /** Milliseconds since 1970. */
  usedAt: number
  /** By path; `null` for a file that the origin does not have. */
  files: Record<string, CachedFile | null>
}

const MANIFEST = 'model.json'
const DIGEST_BYTES = 32

type SyncHandle = {
  write(data: Uint8Array, options: { at: number }): number
  truncate(size: number): void
  flush(): void
  close(): void
}

/** Writes a file whole. A writable appears only when it is closed; the older synchronous handle (workers) writes in place. */
async function writeFile(
  folder: FileSystemDirectoryHandle,
  name: string,
  parts: Uint8Array<ArrayBuffer>[],
): Promise<void> {
  const file = await folder.getFileHandle(name, { create: true })
  if ('createWritable' in file) {
    const writable = await file.createWritable()
    try {
      for (const part of parts) await writable.write(part)
    } catch (error) {
      await writable.abort().catch(() => {})
      throw error
    }
    await writable.close()
    return
  }
  const handle: SyncHandle = await (file as { createSyncAccessHandle(): Promise<SyncHandle> }).createSyncAccessHandle()
  try {
    handle.truncate(0)
    let at = 0
    for (const part of parts) at += handle.write(part, { at })
    handle.flush()
  } finally {
    handle.close()
  }
}

async function readFile(folder: FileSystemDirectoryHandle, name: string): Promise<Uint8Array<ArrayBuffer> | undefined> {
  try {
    const file = await (await folder.getFileHandle(name)).getFile()
    return new Uint8Array(await file.arrayBuffer())
  } catch (error) {
    if ((error as DOMException).name === 'NotFoundError') return undefined
    throw error
  }
}

async function digest(bytes: Uint8Array<ArrayBuffer>): Promise<Uint8Array<ArrayBuffer>> {
  return new Uint8Array(await crypto.subtle.digest('SHA-256', bytes))
}

/** What the names of a file's blocks begin with; no path's is the beginning of another's. */
const blockPrefix = (path: string) => `${encodeURIComponent(path).replaceAll('~', '%7E')}~`

/**
 * One model's folder in the cache. Each block of a file is a file of its own, closed by the block's SHA-256, so a block is there whole or
 * it is not there: an interrupted write, a cut or flipped byte show when it is read, and the block is fetched again.
 */
export class CacheFolder {
  private writing: Promise<void> = Promise.resolve()

  constructor(
    readonly key: string,
    private readonly folder: FileSystemDirectoryHandle,
  ) {}

  /** `undefined` when there is none, or when it cannot be read. */
  async manifest(): Promise<CacheManifest | undefined> {
    const bytes = await readFile(this.folder, MANIFEST)
    if (!bytes) return undefined
    try {
      const manifest = JSON.parse(new TextDecoder().decode(bytes))
      return typeof manifest?.origin === 'string' && typeof manifest.files === 'object' ? manifest : undefined
    } catch {
      return undefined
    }
  }

  /** Writes happen one after the other, the latest last. */
  writeManifest(manifest: CacheManifest): Promise<void> {
    const bytes = new TextEncoder().encode(JSON.stringify(manifest))
    const write = this.writing.then(() => writeFile(this.folder, MANIFEST, [bytes]))
    this.writing = write.catch(() => {})
    return write
  }

  /** A block's bytes when they are whole and unchanged. */
  async readBlock(path: string, index: number, size: number): Promise<Uint8Array<ArrayBuffer> | undefined> {
    const stored = await readFile(this.folder, blockPrefix(path) + index)
    if (stored?.length !== size + DIGEST_BYTES) return undefined
    const data = stored.subarray(0, size)
    const sum = await digest(data)
    return sum.every((byte, i) => byte === stored[size + i]) ? data : undefined
  }

  /** Throws `out-of-memory` when the browser's storage is full. */
  async writeBlock(path: string, index: number, data: Uint8Array<ArrayBuffer>): Promise<void> {
    try {
      await writeFile(this.folder, blockPrefix(path) + index, [data, await digest(data)])
    } catch (error) {
      if ((error as DOMException).name !== 'QuotaExceededError') throw error
      throw new BeagleError(
        'out-of-memory',
        "The browser's storage is full. Delete cached models or free disk space.",
        { cause: error },
      )
    }
  }

  /** Whether a block is there with the right length; its content is checked when it is read. */
  async hasBlock(path: string, index: number, size: number): Promise<boolean> {
    try {
      const file = await (await this.folder.getFileHandle(blockPrefix(path) + index)).getFile()
      return file.size === size + DIGEST_BYTES
    } catch {
      return false
    }
  }

  /** Deletes what is kept of one file. */
  async dropBlocks(path: string): Promise<void> {
    const names: string[] = []
    for await (const name of this.folder.keys()) if (name.startsWith(blockPrefix(path))) names.push(name)
    for (const name of names) await this.folder.removeEntry(name)
  }

  /** Bytes on disk. */
  async bytes(): Promise<number> {
    let sum = 0
    for await (const handle of this.folder.values()) {
      if (handle.kind === 'file') sum += (await (handle as FileSystemFileHandle).getFile()).size
    }
    return sum
  }
}
