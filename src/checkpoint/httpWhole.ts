import { type ByteSource, blobSource, checkRange } from './byteSource.ts'
import type { Remote } from './httpRanged.ts'
import { get } from './httpRequest.ts'
import { retrying, TransientError } from './retry.ts'

/** The whole file in order; a broken connection is opened anew and what has been given out is skipped. */
async function* streamWhole(
  remote: Remote,
  size: number,
  signal?: AbortSignal,
): AsyncGenerator<Uint8Array, void, void> {
  let given = 0
  const queue: Uint8Array[] = []
  let pieces: AsyncGenerator<Uint8Array, void, void> | undefined
  let position = 0
  while (given < size) {
    await retrying(remote.name, remote.options, signal, async () => {
      if (!pieces) {
        pieces = (await get(remote.url, remote.options, remote.options.headers ?? {}, signal)).pieces()
        position = 0
      }
      try {
        const next = await pieces.next()
        if (next.done) throw new TransientError(`the connection closed after ${position} of ${size} bytes`)
        const fresh = next.value.subarray(Math.max(0, given - position), size - position)
        position += next.value.length
        if (fresh.length > 0) queue.push(fresh)
      } catch (error) {
        pieces = undefined
        throw error
      }
    })
    for (const piece of queue.splice(0)) {
      given += piece.length
      yield piece
    }
  }
  await pieces?.return()
}

/** For servers without ranges: the file is read once, whole, and kept as a Blob, outside the JS heap where the browser can. */
export function wholeSource(remote: Remote, size: number, version?: string, sha256?: string): ByteSource {
  let whole: Promise<Blob> | undefined
  const fetchWhole = (signal?: AbortSignal) =>
    retrying(remote.name, remote.options, signal, async () => {
      const answer = await get(remote.url, remote.options, remote.options.headers ?? {}, signal)
      const parts: Blob[] = []
      for await (const piece of answer.pieces()) parts.push(new Blob([piece as Uint8Array<ArrayBuffer>]))
      const blob = new Blob(parts)
      if (blob.size !== size) throw new TransientError(`${blob.size} of ${size} bytes came`)
      return blob
    })
  return {
    name: remote.name,
    size,
    version,
    sha256,
    async read(start, end, signal) {
      checkRange(remote.name, size, start, end)
      whole ??= fetchWhole(signal)
      try {
        return await blobSource(remote.name, await whole).read(start, end, signal)
      } catch (error) {
        whole = undefined
        throw error
      }
    },
    stream: (signal) => streamWhole(remote, size, signal),
  }
}
