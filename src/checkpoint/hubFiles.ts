import { BeagleError } from '../errors.ts'
import { type ModelFiles, modelFiles } from './byteSource.ts'
import { httpFiles, openHttp, urlInside } from './httpFiles.ts'
import { get, type HttpOptions } from './httpRequest.ts'
import { retrying } from './retry.ts'

export interface HubOptions extends Omit<HttpOptions, 'headers' | 'explain' | 'cache'> {
  /** Default `main`. */
  revision?: string
  /** Default `https://huggingface.co`. */
  host?: string
  /** An access token of the hub, for gated and private models. */
  token?: string
}

interface ListedFile {
  path: string
  size: number
  sha256?: string
}

const SHA256 = /^(?:W\/)?"?([0-9a-f]{64})"?$/

/** The hub states the SHA-256 of large files in `x-linked-etag`, or in `etag` where it answers without a redirect. */
function hashOf(response: Response): string | undefined {
  const tag = response.headers.get('x-linked-etag') ?? (response.redirected ? null : response.headers.get('etag'))
  return SHA256.exec(tag ?? '')?.[1]
}

/** The hub's reasons for a refusal, in words that help. */
function explainFor(id: string, revision: string, host: string, hasToken: boolean) {
  return (response: Response): BeagleError | undefined => {
    const code = response.headers.get('x-error-code')
    const advice = hasToken
      ? 'Check the id and whether the token may read it.'
      : 'Check the id, or give an access token.'
    if (code === 'GatedRepo') {
      return new BeagleError(
        'unauthorized',
        `${id} is gated: accept its terms on ${host}/${id}, then give an access token.`,
      )
    }
    if (code === 'RevisionNotFound')
      return new BeagleError('not-found', `${id} on ${host} has no revision "${revision}".`)
    if (response.status === 401 || response.status === 403 || code === 'RepoNotFound') {
      const kind = code === 'RepoNotFound' && response.status === 404 ? 'not-found' : 'unauthorized'
      return new BeagleError(
        kind,
        `${host} answered ${response.status} for ${id}: there is no such model, or it is private. ${advice}`,
      )
    }
    return undefined
  }
}

/**
 * A model on the Hugging Face hub or a host that answers like it: files at `HOST/ID/resolve/REVISION/PATH`, through redirects.
 * Sizes and SHA-256 sums come from the hub's file list where it has one. Throws `bad-argument` unless the id is `owner/name` or `name`.
 */
export function hubFiles(id: string, options: HubOptions = {}): ModelFiles {
  if (!/^[\w.-]+(\/[\w.-]+)?$/.test(id) || id.split('/').some((part) => /^\.+$/.test(part))) {
    throw new BeagleError(
      'bad-argument',
      `"${id}" is no hub id; write owner/name, for example llava-hf/llava-1.5-7b-hf.`,
    )
  }
  const { revision = 'main', token, ...rest } = options
  const host = (options.host ?? 'https://huggingface.co').replace(/\/+$/, '')
  const http: HttpOptions = {
    ...rest,
    cache: 'no-store',
    headers: token ? { authorization: `Bearer ${token}` } : undefined,
    explain: explainFor(id, revision, host, token !== undefined),
  }
  const base = `${host}/${id}/resolve/${encodeURIComponent(revision)}`
  let listing: Promise<ListedFile[]> | undefined
  const list = (signal?: AbortSignal) => {
    listing ??= listTree(`${host}/api/models/${id}/tree/${encodeURIComponent(revision)}?recursive=true`, http, signal)
    return listing.catch((error) => {
      listing = undefined
      throw error
    })
  }
  return modelFiles(
    base,
    async (path, signal) => {
      const source = await openHttp(path, urlInside(base, path), http, signal, hashOf)
      if (!source || source.sha256 || !path.endsWith('.safetensors')) return source
      const listed = await list(signal).catch((error) => {
        if ((error as BeagleError).code === 'aborted') throw error
        return []
      })
      return { ...source, sha256: listed.find((file) => file.path === path && file.size === source.size)?.sha256 }
    },
    list,
  )
}

/** `HOST/ID/resolve/REVISION`, or the page of a model on the hub itself, which people copy. */
const RESOLVE_URL = /^(https?:\/\/[^/]+)\/([^/]+(?:\/[^/]+)?)\/resolve\/([^/]+)\/?$/
const HUB_PAGE = /^(https:\/\/(?:huggingface\.co|hf\.co))\/([\w.-]+\/[\w.-]+)(?:\/tree\/([^/]+))?\/?$/

/** The files behind a web address, such as a cached model's origin: a model on a hub, else any folder on a web server. */
export function webFiles(url: string, options: Omit<HubOptions, 'host' | 'revision'> = {}): ModelFiles {
  const match = RESOLVE_URL.exec(url) ?? HUB_PAGE.exec(url)
  if (!match) return httpFiles(url, options)
  const [, host, id, revision = 'main'] = match
  return hubFiles(id!, { ...options, host, revision: decodeURIComponent(revision) })
}

type TreeEntry = { type: string; path: string; size: number; lfs?: { oid?: string } }

/** Hosts without such a list give an empty one. */
async function listTree(firstUrl: string, http: HttpOptions, signal?: AbortSignal): Promise<ListedFile[]> {
  const files: ListedFile[] = []
  for (let url: string | undefined = firstUrl; url; ) {
    const page = await retrying('the list of files', { ...http, attempts: 2 }, signal, () =>
      readTreePage(url!, http, signal),
    )
    for (const { type, path, size, lfs } of page.entries) {
      if (type === 'file') files.push({ path, size, sha256: SHA256.exec(lfs?.oid ?? '')?.[1] })
    }
    url = page.next
  }
  return files
}

async function readTreePage(
  url: string,
  http: HttpOptions,
  signal?: AbortSignal,
): Promise<{ entries: TreeEntry[]; next?: string }> {
  const { response, cancel } = await get(url, http, http.headers ?? {}, signal)
  if (!response.ok || !response.headers.get('content-type')?.includes('json')) {
    await cancel()
    return { entries: [] }
  }
  const entries: unknown = await response.json()
  const next = /<([^>]+)>;\s*rel="next"/.exec(response.headers.get('link') ?? '')?.[1]
  return { entries: Array.isArray(entries) ? entries : [], next: next && new URL(next, url).href }
}
