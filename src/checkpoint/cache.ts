import { BeagleError } from '../errors.ts'
import { CacheFolder } from './cacheFolder.ts'
import { browserFolder, isMissing, remove } from './opfs.ts'

/** A model in the cache, as a list of them shows it. */
export interface CacheEntry {
  key: string
  origin: string
  /** On disk. */
  bytes: number
  /** Whether it loads without the network. */
  complete: boolean
  /** Milliseconds since 1970. */
  usedAt: number
}

/** Models kept in a directory, usually of the browser's private file system (OPFS). */
export interface ModelCache {
  /** Latest used first. */
  list(): Promise<CacheEntry[]>
  /** Deletes a model; a key that is not there is no error. */
  delete(key: string): Promise<void>
  /** The folder of the model from `origin`, made when it is not there. */
  folder(origin: string): Promise<CacheFolder>
  /** The folder of a key of `list`. Throws `not-found`. */
  folderOf(key: string): Promise<CacheFolder>
}

/** The key of an origin: 24 hex digits of its SHA-256. */
export async function cacheKey(origin: string): Promise<string> {
  const sum = new Uint8Array(await crypto.subtle.digest('SHA-256', new TextEncoder().encode(origin)))
  return Array.from(sum.subarray(0, 12), (byte) => byte.toString(16).padStart(2, '0')).join('')
}

/** A cache in `root`, which belongs to it alone. */
export function openCache(root: FileSystemDirectoryHandle): ModelCache {
  return {
    async list() {
      const entries: CacheEntry[] = []
      for await (const [key, handle] of root.entries()) {
        if (handle.kind !== 'directory') continue
        const folder = new CacheFolder(key, handle as FileSystemDirectoryHandle)
        const manifest = await folder.manifest()
        const { origin = '(unreadable)', complete = false, usedAt = 0 } = manifest ?? {}
        entries.push({ key, origin, complete, usedAt, bytes: await folder.bytes() })
      }
      return entries.sort((a, b) => b.usedAt - a.usedAt)
    },
    delete: (key) => remove(root, key),
    async folder(origin) {
      const key = await cacheKey(origin)
      return new CacheFolder(key, await root.getDirectoryHandle(key, { create: true }))
    },
    async folderOf(key) {
      try {
        return new CacheFolder(key, await root.getDirectoryHandle(key))
      } catch (error) {
        if (!isMissing(error)) throw error
        throw new BeagleError('not-found', `No cached model has the key "${key}". Load it again from where it came.`)
      }
    },
  }
}

/** The cache in the browser's private file system; `undefined` where there is none (Node, private windows, insecure pages). */
export async function openBrowserCache(): Promise<ModelCache | undefined> {
  const folder = await browserFolder('beagle-models')
  return folder && openCache(folder)
}
