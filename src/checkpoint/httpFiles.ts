import { BeagleError } from '../errors.ts'
import { type ByteSource, bytesSource, CHUNK_BYTES, type ModelFiles, modelFiles } from './byteSource.ts'
import { getRange, parseContentRange, type Remote, rangedSource, versionOf } from './httpRanged.ts'
import type { HttpOptions, WatchedResponse } from './httpRequest.ts'
import { wholeSource } from './httpWhole.ts'
import { retrying, TransientError } from './retry.ts'

/** Asked for at first: most configs and every small header come whole with it. */
const HEAD_BYTES = 64 * 1024

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

/**
 * A model in a folder on a web server. Ranges are used where the server has them, else each file is read once, whole.
 * Throws `bad-argument` unless the address is absolute.
 */
export function httpFiles(baseUrl: string, options: HttpOptions = {}): ModelFiles {
  if (!/^https?:\/\/./.test(baseUrl) || !URL.canParse(baseUrl)) {
    throw new BeagleError('bad-argument', `"${baseUrl}" is no web address; it begins with http:// or https://.`)
  }
  const base = baseUrl.replace(/\/+$/, '')
  return modelFiles(base, (path, signal) => openHttp(path, urlInside(base, path), options, signal))
}
