import { BeagleError } from '../errors.ts'
import { type ByteSource, checkRange } from './byteSource.ts'
import { get, type HttpOptions, type WatchedResponse } from './httpRequest.ts'
import { retrying, TransientError } from './retry.ts'

/** A file on a web server. */
export interface Remote {
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

/** Which bytes of how many an answer holds. */
export function parseContentRange(response: Response, url: string): ContentRange {
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

/** What tells one content of the file from another. */
export const versionOf = ({ headers }: Response) => headers.get('etag') ?? headers.get('last-modified') ?? undefined

/** A range from where the host redirected to last time, or, when that address has expired, from the host again. */
export async function getRange(
  remote: Remote,
  start: number,
  end: number,
  signal?: AbortSignal,
): Promise<WatchedResponse> {
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

/** A file whose server has ranges; `head` is its beginning, already read. */
export function rangedSource(
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
