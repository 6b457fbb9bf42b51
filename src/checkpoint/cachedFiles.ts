import { BeagleError, throwIfAborted } from '../errors.ts'
import { BLOCK_BYTES } from './blocks.ts'
import { type ByteSource, checkRange, type ModelFiles, modelFiles } from './byteSource.ts'
import type { CachedFile, CacheFolder, CacheManifest } from './cacheFolder.ts'
import { RunningHash } from './runningHash.ts'

/** The files of a model that are kept as they are read. */
export interface CachedFiles extends ModelFiles {
  /** Whether everything came from the cache, without asking the origin. */
  readonly complete: boolean
  /**
   * Call when a load has succeeded: fetches what no tensor needed, checks sizes and the SHA-256 sums that the origin states, and marks
   * the model as complete. Throws `bad-file`, after deleting the file, when a sum differs. `false` when the storage was full.
   */
  finish(signal?: AbortSignal): Promise<boolean>
}

interface OpenFile {
  path: string
  info: CachedFile
  /** Absent when the model is complete and no origin is at hand. */
  remote?: ByteSource
}

const blockCount = (size: number, blockBytes: number) => Math.ceil(size / blockBytes)

/**
 * Reads through the cache: a block that is there and whole is taken from it, any other is fetched from `files` and kept. A complete model
 * asks the network for nothing; an unfinished one goes on where it stopped, unless a file's size or version has changed at the
 * origin, which discards what was kept of it. Without `files`, the model must be complete.
 */
export async function cachedFiles(
  files: ModelFiles | undefined,
  folder: CacheFolder,
  blockBytes = BLOCK_BYTES,
): Promise<CachedFiles> {
  const stored = await folder.manifest()
  const origin = files?.origin ?? stored?.origin ?? folder.key
  const manifest: CacheManifest = stored ?? { origin, complete: false, usedAt: Date.now(), files: {} }
  const known = new Map(Object.entries(manifest.files))
  const opened = new Map<string, OpenFile>()
  const hashes = new Map<string, RunningHash>()
  let storageFull = false
  if (!files && !manifest.complete) {
    throw new BeagleError(
      'not-found',
      `The cached copy of ${origin} is not complete. Load it again from there to complete it.`,
    )
  }

  const save = async (change: Partial<CacheManifest>) => {
    Object.assign(manifest, change, { files: Object.fromEntries(known), usedAt: Date.now() })
    await folder.writeManifest(manifest)
  }
  if (manifest.complete) await save({})

  async function keep(path: string, index: number, block: Uint8Array<ArrayBuffer>): Promise<void> {
    if (storageFull) return
    try {
      await folder.writeBlock(path, index, block)
    } catch (error) {
      if ((error as BeagleError).code !== 'out-of-memory') throw error
      storageFull = true
    }
  }

  const blockSize = (size: number, index: number) => Math.min(blockBytes, size - index * blockBytes)

  /** Fills the cache from a server without ranges, in one pass from the start. */
  async function keepStream({ path, info, remote }: OpenFile, signal?: AbortSignal): Promise<void> {
    let block = new Uint8Array(blockSize(info.size, 0))
    let index = 0
    let filled = 0
    for await (const piece of remote!.stream!(signal)) {
      for (let at = 0; at < piece.length; ) {
        const part = piece.subarray(at, at + block.length - filled)
        block.set(part, filled)
        filled += part.length
        at += part.length
        if (filled < block.length) continue
        await keep(path, index, block)
        if (storageFull) return
        index++
        block = new Uint8Array(Math.max(0, blockSize(info.size, index)))
        filled = 0
      }
    }
  }

  async function fetchBlock(file: OpenFile, index: number, signal?: AbortSignal): Promise<Uint8Array<ArrayBuffer>> {
    const { path, info } = file
    const start = index * blockBytes
    const size = blockSize(info.size, index)
    file.remote ??= await reopen(path, info, signal)
    if (file.remote.stream && !storageFull) {
      await keepStream(file, signal)
      const block = await folder.readBlock(path, index, size)
      if (block) return block
    }
    const block = await file.remote.read(start, start + size, signal)
    await keep(path, index, block)
    return block
  }

  /** A complete model whose block has been lost or damaged needs its origin once more. */
  async function reopen(path: string, info: CachedFile, signal?: AbortSignal): Promise<ByteSource> {
    const remote = await files?.open(path, signal)
    if (remote?.size !== info.size || remote.version !== info.version) {
      throw new BeagleError(
        'bad-file',
        `The cached copy of ${path} is damaged and ${origin} has another version of it now. Delete the cached model and load it again.`,
      )
    }
    return remote
  }

  async function readBlock(file: OpenFile, index: number, signal?: AbortSignal): Promise<Uint8Array<ArrayBuffer>> {
    throwIfAborted(signal)
    const size = blockSize(file.info.size, index)
    const block = (await folder.readBlock(file.path, index, size)) ?? (await fetchBlock(file, index, signal))
    hashes.get(file.path)?.offer(index, block)
    return block
  }

  function sourceOf(file: OpenFile): ByteSource {
    const { path, info } = file
    return {
      name: path,
      ...info,
      async read(start, end, signal) {
        checkRange(path, info.size, start, end)
        const first = Math.floor(start / blockBytes)
        const bytes = new Uint8Array(end - start)
        for (let index = first; index * blockBytes < end; index++) {
          const at = index * blockBytes
          const block = await readBlock(file, index, signal)
          bytes.set(block.subarray(Math.max(0, start - at), end - at), Math.max(0, at - start))
        }
        return bytes
      },
    }
  }

  async function open(path: string, signal?: AbortSignal): Promise<ByteSource | undefined> {
    const again = opened.get(path)
    if (again) return sourceOf(again)
    const before = known.get(path)
    if (manifest.complete) {
      if (!before) return undefined
      return remember({ path, info: before })
    }
    const remote = await files!.open(path, signal)
    if (!remote) {
      known.set(path, null)
      return undefined
    }
    if (before && (before.size !== remote.size || before.version !== remote.version)) await folder.dropBlocks(path)
    const info: CachedFile = { size: remote.size, version: remote.version, sha256: remote.sha256 }
    known.set(path, info)
    await save({})
    if (info.sha256) hashes.set(path, new RunningHash())
    return remember({ path, info, remote })
  }

  function remember(file: OpenFile): ByteSource {
    opened.set(file.path, file)
    return sourceOf(file)
  }

  /** Reads what is left of a file, which keeps it and brings its hash up to date. */
  async function completeFile(file: OpenFile, signal?: AbortSignal): Promise<void> {
    const { path, info } = file
    const hash = hashes.get(path)
    for (let index = 0; index < blockCount(info.size, blockBytes); index++) {
      const there = await folder.hasBlock(path, index, blockSize(info.size, index))
      if (!there || (hash && index >= hash.next)) await readBlock(file, index, signal)
      if (storageFull) return
    }
    const found = hash?.hex()
    hashes.delete(path)
    if (found === undefined || found === info.sha256) return
    await folder.dropBlocks(path)
    throw new BeagleError(
      'bad-file',
      `${path} arrived damaged: its SHA-256 is ${found}, ${origin} states ${info.sha256}. It has been deleted; load the model again.`,
    )
  }

  return {
    ...modelFiles(origin, open, manifest.complete ? undefined : files?.list),
    get complete() {
      return manifest.complete
    },
    async finish(signal) {
      if (manifest.complete) return true
      for (const file of opened.values()) await completeFile(file, signal)
      if (storageFull) return false
      await save({ complete: true })
      return true
    },
  }
}
