import { createHash } from 'node:crypto'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'

/** How the server of the tests misbehaves; may be changed while it runs. */
export interface HubFaults {
  /** Answers whole files whatever the range. */
  noRanges?: boolean
  /** Cuts this many of the coming bodies, each after `cutAfter` bytes. */
  cuts?: number
  cutAfter?: number
  /** Answers 503 this many times. */
  refusals?: number
  /** Sends the head and then nothing, this many times. */
  stalls?: number
  /** Flips one bit of every body that begins at byte 0 of a file under this path. */
  flip?: string
  /** The address that `resolve` redirected to is refused this many times. */
  expired?: number
}

export interface HubServer {
  url: string
  faults: HubFaults
  files: Map<string, Uint8Array>
  /** What was asked for: method, path and range. */
  log: { path: string; range?: string; authorization?: string }[]
  close(): Promise<void>
}

export interface HubServerOptions {
  id?: string
  revision?: string
  /** Needed for every file when given. */
  token?: string
  files: Record<string, Uint8Array | string | object>
}

const asBytes = (content: Uint8Array | string | object) =>
  content instanceof Uint8Array
    ? content
    : new TextEncoder().encode(typeof content === 'string' ? content : JSON.stringify(content))

const sha256 = (bytes: Uint8Array) => createHash('sha256').update(bytes).digest('hex')
const sha1 = (bytes: Uint8Array) => createHash('sha1').update(bytes).digest('hex')

/**
 * A server on this machine that answers as the hub does: `/ID/resolve/REVISION/PATH` redirects large files to another path (the
 * "CDN"), with ranges, ETag, X-Linked-Size, X-Linked-ETag, X-Error-Code and CORS headers; `/api/models/ID/tree/REVISION` lists the files.
 */
export async function startHubServer(options: HubServerOptions): Promise<HubServer> {
  const { id = 'owner/model', revision = 'main', token } = options
  const files = new Map(Object.entries(options.files).map(([path, content]) => [path, asBytes(content)]))
  const faults: HubFaults = {}
  const log: HubServer['log'] = []
  const open = new Set<ServerResponse>()

  function refuse(response: ServerResponse, status: number, code?: string): void {
    response.writeHead(status, code ? { 'x-error-code': code } : {}).end()
  }

  function sendBody(response: ServerResponse, body: Uint8Array): unknown {
    if (faults.stalls) {
      faults.stalls--
      response.flushHeaders()
      return
    }
    if (faults.cuts && body.length > (faults.cutAfter ?? 0)) {
      faults.cuts--
      response.write(body.subarray(0, faults.cutAfter ?? 0), () => setTimeout(() => response.destroy(), 5))
      return
    }
    response.end(body)
  }

  function sendFile(request: IncomingMessage, response: ServerResponse, path: string): unknown {
    let bytes = files.get(path)!
    const etag = `"${sha1(bytes)}"`
    if (faults.flip === path) {
      bytes = bytes.slice()
      bytes[bytes.length - 1]! ^= 1
    }
    const headers: Record<string, string | number> = { etag, 'content-type': 'application/octet-stream' }
    const range = /^bytes=(\d+)-(\d*)$/.exec(request.headers.range ?? '')
    if (!range || faults.noRanges) {
      response.writeHead(200, { ...headers, 'content-length': bytes.length })
      return sendBody(response, bytes)
    }
    const start = Number(range[1])
    const end = Math.min(bytes.length, range[2] ? Number(range[2]) + 1 : bytes.length)
    if (start >= bytes.length) {
      response.writeHead(416, { 'content-range': `bytes */${bytes.length}` }).end()
      return
    }
    response.writeHead(206, {
      ...headers,
      'content-length': end - start,
      'content-range': `bytes ${start}-${end - 1}/${bytes.length}`,
    })
    sendBody(response, bytes.subarray(start, end))
  }

  function resolveFile(request: IncomingMessage, response: ServerResponse, path: string): unknown {
    if (token && request.headers.authorization !== `Bearer ${token}`) return refuse(response, 401, 'GatedRepo')
    const bytes = files.get(path)
    if (!bytes) return refuse(response, 404, 'EntryNotFound')
    if (!path.endsWith('.safetensors')) return sendFile(request, response, path)
    const linked = { 'x-linked-size': bytes.length, 'x-linked-etag': `"${sha256(bytes)}"` }
    response.writeHead(302, { ...linked, location: `/cdn/${encodeURIComponent(path)}?signature=1` }).end()
  }

  function listTree(response: ServerResponse): void {
    const entries = [...files].map(([path, bytes]) => {
      const lfs = path.endsWith('.safetensors') ? { oid: sha256(bytes), size: bytes.length } : undefined
      return { type: 'file', path, size: bytes.length, oid: sha1(bytes), lfs }
    })
    response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(entries))
  }

  const server = createServer((request, response) => {
    open.add(response)
    response.on('close', () => open.delete(response))
    const { pathname } = new URL(request.url!, 'http://hub')
    const { range, authorization } = request.headers
    log.push({ path: pathname, range, authorization })
    response.setHeader('access-control-allow-origin', '*')
    response.setHeader('access-control-allow-headers', '*')
    response.setHeader(
      'access-control-expose-headers',
      'ETag, Content-Range, X-Linked-Size, X-Linked-ETag, X-Error-Code, Link',
    )
    if (request.method === 'OPTIONS') return response.writeHead(204).end()
    if (faults.refusals) {
      faults.refusals--
      return refuse(response, 503)
    }
    const base = `/${id}/resolve/`
    if (pathname === `/api/models/${id}/tree/${revision}`) return listTree(response)
    if (pathname.startsWith('/cdn/')) {
      if (faults.expired) {
        faults.expired--
        return refuse(response, 403)
      }
      return sendFile(request, response, decodeURIComponent(pathname.slice(5)))
    }
    if (!pathname.startsWith(base)) return refuse(response, 401, 'RepoNotFound')
    const [, wanted, path] = /^([^/]+)\/(.+)$/.exec(pathname.slice(base.length)) ?? []
    if (decodeURIComponent(wanted ?? '') !== revision) return refuse(response, 404, 'RevisionNotFound')
    return resolveFile(request, response, path!.split('/').map(decodeURIComponent).join('/'))
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    faults,
    files,
    log,
    close: () =>
      new Promise((resolve) => {
        for (const response of open) response.destroy()
        server.close(() => resolve())
        server.closeAllConnections()
      }),
  }
}
