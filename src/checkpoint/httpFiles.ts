import { BeagleError } from '../errors.ts'
import {
  type ByteSource,
  blobSource,
  bytesSource,
  CHUNK_BYTES,
  checkRange,
  type ModelFiles,
  modelFiles,
} from './byteSource.ts'
import { get, type HttpOptions, type WatchedResponse } from './httpRequest.ts'
import { retrying, TransientError } from './retry.ts'

/** Asked for at first: most configs and every small header come whole with it. */
const HEAD_BYTES = 64 * 1024

interface Remote {
  name: string
  url: string
  /** Where the last answer came from after redirects; asked directly as long as it answers. */
  direct?: string
  options: HttpOptions
}

interface ContentRange {
  start: number
  size: number
}

function parseContentRange(response: Response, url: string): ContentRange {
  const header = response.headers.get('content-range')
  const match = /^bytes (\d+)-\d+\/(\d+)$/.exec(header ?? '')
  if (!match) {
    throw new BeagleError(
      'network',
      `${url}: the server answers ranges without saying which (content-range: ${header}). Use another host.`,
    )
  }
  return { start: Number(match[1]), size: Number(match[2]) }
}

const versionOf = ({ headers }: Response) => headers.get('etag') ?? headers.get('last-modified') ?? undefined

/** A range from where the host redirected to last time, or, when that address has expired, from the host again. */
async function getRange(remote: Remote, start: number, end: number, signal?: AbortSignal): Promise<WatchedResponse> {
  const range = { range: `bytes=${start}-${end - 1}` }
  if (remote.direct) {
    const { explain: _, ...options } = remote.options
    try {
      const answer = await get(remote.direct, options, range, signal)
      if (answer.response.ok) return answer
      await answer.cancel()
    } catch (error) {
      if (!(error instanceof BeagleError)) throw error
    }
    remote.direct = undefined
  }
  const answer = await get(remote.url, remote.options, { ...remote.options.headers, ...range }, signal)
  if (answer.response.redirected) remote.direct = answer.response.url
  return answer
}

/** Reads [start, end) into `bytes`, going on where a broken connection stopped. */
function download(
  remote: Remote,
  size: number,
  version: string | undefined,
  start: number,
  bytes: Uint8Array,
  signal?: AbortSignal,
) {
  let received = 0
  return retrying(remote.name, remote.options, signal, async (progress) => {
    if (received === bytes.length) return
    const at = start + received
    const answer = await getRange(remote, at, start + bytes.length, signal)
    const changed = (what: string): never => {
      throw new BeagleError('bad-file', `${remote.url}: ${what} while it was being read. Load the model again.`)
    }
    try {
      if (answer.response.status !== 206) changed('the server stopped answering ranges')
      const range = parseContentRange(answer.response, remote.url)
      if (range.size !== size) changed(`its size went from ${size} to ${range.size} bytes`)
      if (range.start !== at) changed(`byte ${range.start} came instead of ${at}`)
      const now = versionOf(answer.response)
      if (now !== version) changed(`its version went from ${version} to ${now}`)
      for await (const piece of answer.pieces()) {
        bytes.set(piece.subarray(0, bytes.length - received), received)
        received = Math.min(bytes.length, received + piece.length)
        progress()
      }
    } finally {
      await answer.cancel()
    }
    if (received < bytes.length)
      throw new TransientError(`the connection closed after ${received} of ${bytes.length} bytes`)
  })
}

function rangedSource(
  remote: Remote,
  size: number,
  version: string | undefined,
  head: Uint8Array,
  sha256?: string,
): ByteSource {
  return {
    name: remote.name,
    size,
    version,
    sha256,
    async read(start, end, signal) {
      checkRange(remote.name, size, start, end)
      if (end <= head.length) return head.slice(start, end)
      const bytes = new Uint8Array(end - start)
      if (start < end) await download(remote, size, version, start, bytes, signal)
      return bytes
    },
  }
}

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
function wholeSource(remote: Remote, size: number, version?: string, sha256?: string): ByteSource {
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

async function readPieces(answer: WatchedResponse): Promise<Uint8Array> {
  const parts: Blob[] = []
  for await (const piece of answer.pieces()) parts.push(new Blob([piece as Uint8Array<ArrayBuffer>]))
  return new Uint8Array(await new Blob(parts).arrayBuffer())
}

/** Single-page servers answer a missing file with their start page. */
function isStartPage(response: Response, url: string): boolean {
  return (response.headers.get('content-type') ?? '').startsWith('text/html') && !/\.html?$/.test(new URL(url).pathname)
}

/**
 * Opens a file over HTTP with one request, which also brings its first 64 KB. `hashOf` may find the file's SHA-256 in the answer.
 * `undefined` when the server says that there is none.
 */
export function openHttp(
  name: string,
  url: string,
  options: HttpOptions,
  signal?: AbortSignal,
  hashOf?: (response: Response) => string | undefined,
): Promise<ByteSource | undefined> {
  const remote: Remote = { name, url, options }
  return retrying(name, options, signal, async () => {
    const answer = await getRange(remote, 0, HEAD_BYTES, signal)
    const { response } = answer
    try {
      if (response.status === 416) return bytesSource(name, new Uint8Array())
      if (!response.ok || isStartPage(response, url)) return undefined
      const version = versionOf(response)
      const sha256 = hashOf?.(response)
      if (response.status === 206) {
        const { size } = parseContentRange(response, url)
        const head = await readPieces(answer)
        if (head.length < Math.min(size, HEAD_BYTES))
          throw new TransientError(`the connection closed after ${head.length} bytes`)
        return rangedSource(remote, size, version, head, sha256)
      }
      const encoded = response.headers.has('content-encoding')
      const length = Number(response.headers.get('content-length') ?? Number.NaN)
      if (!encoded && length > CHUNK_BYTES) return wholeSource(remote, length, version, sha256)
      const bytes = await readPieces(answer)
      if (!encoded && Number.isFinite(length) && bytes.length !== length)
        throw new TransientError(`${bytes.length} of ${length} bytes came`)
      return { ...bytesSource(name, bytes), version, sha256 }
    } finally {
      await answer.cancel()
    }
  })
}

/** The address of a file inside a folder, each part of its path escaped. */
export function urlInside(base: string, path: string): string {
  return `${base.replace(/\/+$/, '')}/${path.split('/').map(encodeURIComponent).join('/')}`
}

/** A model in a folder on a web server. Ranges are used where the server has them, else each file is read once, whole. */
export function httpFiles(baseUrl: string, options: HttpOptions = {}): ModelFiles {
  const base = baseUrl.replace(/\/+$/, '')
  return modelFiles(base, (path, signal) => openHttp(path, urlInside(base, path), options, signal))
}
