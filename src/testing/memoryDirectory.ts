/** How storage of the tests misbehaves; may be changed while it is used. */
export interface StorageFaults {
  /** Bytes that may still be written before the storage is full. */
  quota?: number
  /** The next write is cut off in its middle and fails, as when a tab is closed. */
  interrupt?: boolean
}

const notFound = (name: string) => new DOMException(`${name} is not there`, 'NotFoundError')

/** As in browsers. */
function checkName(name: string): void {
  if (name === '' || name === '.' || name === '..' || /[/\\]/.test(name)) throw new TypeError('Name is not allowed.')
}

class MemoryFile {
  readonly kind = 'file'
  content = new Uint8Array()

  constructor(
    readonly name: string,
    private readonly faults: StorageFaults,
  ) {}

  async getFile(): Promise<File> {
    return new File([this.content], this.name)
  }

  /** As in browsers: what is written appears when it is closed. */
  async createWritable() {
    const parts: Uint8Array<ArrayBuffer>[] = []
    return {
      write: async (part: Uint8Array<ArrayBuffer>) => {
        if (this.faults.interrupt) {
          this.faults.interrupt = false
          throw new DOMException('The write was interrupted', 'InvalidStateError')
        }
        if (this.faults.quota !== undefined) {
          this.faults.quota -= part.length
          if (this.faults.quota < 0) throw new DOMException('The storage is full', 'QuotaExceededError')
        }
        parts.push(part.slice())
      },
      close: async () => {
        this.content = new Uint8Array(await new Blob(parts).arrayBuffer())
      },
      abort: async () => {},
    }
  }
}

/** The part of a directory of OPFS that the cache uses, in memory. */
export class MemoryDirectory {
  readonly kind = 'directory'
  readonly children = new Map<string, MemoryDirectory | MemoryFile>()

  constructor(
    readonly name = '',
    readonly faults: StorageFaults = {},
  ) {}

  async getDirectoryHandle(name: string, options?: { create?: boolean }): Promise<MemoryDirectory> {
    checkName(name)
    const child = this.children.get(name)
    if (child instanceof MemoryDirectory) return child
    if (child) throw new DOMException(`${name} is a file`, 'TypeMismatchError')
    if (!options?.create) throw notFound(name)
    const made = new MemoryDirectory(name, this.faults)
    this.children.set(name, made)
    return made
  }

  async getFileHandle(name: string, options?: { create?: boolean }): Promise<MemoryFile> {
    checkName(name)
    const child = this.children.get(name)
    if (child instanceof MemoryFile) return child
    if (child) throw new DOMException(`${name} is a directory`, 'TypeMismatchError')
    if (!options?.create) throw notFound(name)
    const made = new MemoryFile(name, this.faults)
    this.children.set(name, made)
    return made
  }

  async removeEntry(name: string): Promise<void> {
    if (!this.children.delete(name)) throw notFound(name)
  }

  async *entries() {
    yield* this.children.entries()
  }

  async *keys() {
    yield* this.children.keys()
  }

  async *values() {
    yield* this.children.values()
  }

  /** All files below, by path, for tests that look inside or do damage. */
  *allFiles(prefix = ''): Generator<[path: string, file: MemoryFile]> {
    for (const [name, child] of this.children) {
      if (child instanceof MemoryDirectory) yield* child.allFiles(`${prefix}${name}/`)
      else yield [prefix + name, child]
    }
  }

  /** For parameters that are typed as the browser's handle. */
  asHandle(): FileSystemDirectoryHandle {
    return this as unknown as FileSystemDirectoryHandle
  }
}
