import { BeagleError, throwIfAborted } from '../errors.ts'

/** Reading never asks for more than this at once, so that the JS heap stays small. */
export const CHUNK_BYTES = 8 * 1024 * 1024

/** A file that is read by ranges, wherever it lies. */
export interface ByteSource {
  readonly name: string
  readonly size: number
  /** Something that changes when the content does (an ETag, a modification time), if the place tells. */
  readonly version?: string
  /** SHA-256 of the whole file in lower-case hex, if the place tells. */
  readonly sha256?: string
  /** The bytes [start, end); throws `bad-file` outside the file, `aborted` when the signal fires. */
  read(start: number, end: number, signal?: AbortSignal): Promise<Uint8Array<ArrayBuffer>>
  /** Present where ranges are not to be had: the whole file in order, in pieces of any size. */
  stream?(signal?: AbortSignal): AsyncIterable<Uint8Array>
}

/** The files of one model, by their path inside it (`config.json`). */
export interface ModelFiles {
  /** Where they come from, for people and as the key of the cache. */
  readonly origin: string
  has(path: string, signal?: AbortSignal): Promise<boolean>
  /** `undefined` when there is no such file; every other failure throws. */
  open(path: string, signal?: AbortSignal): Promise<ByteSource | undefined>
  text(path: string, signal?: AbortSignal): Promise<string | undefined>
  /** Throws `bad-file` when the file is not JSON. */
  json<T = unknown>(path: string, signal?: AbortSignal): Promise<T | undefined>
  /** All files, where the place can list them. */
  list?(signal?: AbortSignal): Promise<{ path: string; size: number }[]>
}

/** Throws `bad-file` unless 0 ≤ start ≤ end ≤ size. */
export function checkRange(name: string, size: number, start: number, end: number): void {
  if (!(start >= 0 && start <= end && end <= size)) {
    throw new BeagleError(
      'bad-file',
      `${name}: bytes ${start} to ${end} were asked for, the file has ${size}. The file is cut short; get it again.`,
    )
  }
}

/** A source over bytes in memory. */
export function bytesSource(name: string, bytes: Uint8Array): ByteSource {
  return {
    name,
    size: bytes.length,
    async read(start, end, signal) {
      throwIfAborted(signal)
      checkRange(name, bytes.length, start, end)
      return bytes.slice(start, end)
    },
  }
}

/** A source over a Blob or File; the browser reads ranges from where it lies. */
export function blobSource(name: string, blob: Blob): ByteSource {
  return {
    name,
    size: blob.size,
    async read(start, end, signal) {
      throwIfAborted(signal)
      checkRange(name, blob.size, start, end)
      return new Uint8Array(await blob.slice(start, end).arrayBuffer())
    },
  }
}

/** The whole of a small file as text. */
export async function readText(source: ByteSource, signal?: AbortSignal): Promise<string> {
  return new TextDecoder().decode(await source.read(0, source.size, signal))
}

/** Completes a ModelFiles from its `open`. */
export function modelFiles(origin: string, open: ModelFiles['open'], list?: ModelFiles['list']): ModelFiles {
  const text: ModelFiles['text'] = async (path, signal) => {
    const source = await open(path, signal)
    return source && readText(source, signal)
  }
  return {
    origin,
    open,
    text,
    has: async (path, signal) => (await open(path, signal)) !== undefined,
    json: async <T>(path: string, signal?: AbortSignal) => {
      const content = await text(path, signal)
      if (content === undefined) return undefined
      try {
        return JSON.parse(content) as T
      } catch (error) {
        throw new BeagleError('bad-file', `${path} is not JSON: ${(error as Error).message} (${origin}).`, {
          cause: error,
        })
      }
    },
    list,
  }
}
