import { throwIfAborted } from '../errors.ts'
import { type ByteSource, checkRange } from './byteSource.ts'

/** What is read, cached and kept in memory at once. */
export const BLOCK_BYTES = 4 * 1024 * 1024

/** Blocks held in memory per file: the one in use, the one before it, and the one on its way. */
const KEPT_BLOCKS = 3

/**
 * Reads a file in blocks, so that a hundred small tensors cost one request: the latest blocks stay in memory, and once reading goes
 * forward the next block is fetched while the present one is used.
 */
export function blockSource(source: ByteSource, blockBytes = BLOCK_BYTES): ByteSource {
  const kept = new Map<number, Promise<Uint8Array>>()
  let latest = -1

  function fetchBlock(index: number, signal?: AbortSignal): Promise<Uint8Array> {
    const known = kept.get(index)
    if (known) return known
    const start = index * blockBytes
    const block = source.read(start, Math.min(start + blockBytes, source.size), signal)
    kept.set(index, block)
    block.catch(() => {
      if (kept.get(index) === block) kept.delete(index)
    })
    while (kept.size > KEPT_BLOCKS) kept.delete(kept.keys().next().value!)
    return block
  }

  /** A block that failed because another reader was stopped is fetched again for this one. */
  async function block(index: number, signal?: AbortSignal): Promise<Uint8Array> {
    const shared = kept.has(index)
    const pending = fetchBlock(index, signal)
    if (index === latest + 1 && (index + 1) * blockBytes < source.size) fetchBlock(index + 1, signal).catch(() => {})
    latest = index
    try {
      return await pending
    } catch (error) {
      throwIfAborted(signal)
      if (!shared) throw error
      return fetchBlock(index, signal)
    }
  }

  return {
    name: source.name,
    size: source.size,
    version: source.version,
    sha256: source.sha256,
    async read(start, end, signal) {
      throwIfAborted(signal)
      checkRange(source.name, source.size, start, end)
      const bytes = new Uint8Array(end - start)
      for (let at = start; at < end; ) {
        const index = Math.floor(at / blockBytes)
        const from = at - index * blockBytes
        const piece = (await block(index, signal)).subarray(from, from + end - at)
        bytes.set(piece, at - start)
        at += piece.length
      }
      return bytes
    },
  }
}
