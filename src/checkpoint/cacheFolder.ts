import { readFile, sha256, writeFile } from './opfs.ts'

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
    const sum = await sha256(data)
    return sum.every((byte, i) => byte === stored[size + i]) ? data : undefined
  }

  /** Throws `out-of-memory` when the browser's storage is full. */
  async writeBlock(path: string, index: number, data: Uint8Array<ArrayBuffer>): Promise<void> {
    await writeFile(this.folder, blockPrefix(path) + index, [data, await sha256(data)])
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
