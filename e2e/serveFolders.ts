import { createReadStream, type Stats, statSync } from 'node:fs'
import { createServer, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { extname, join, normalize } from 'node:path'

export interface FolderServer {
  /** Ends in a slash. */
  url: string
  close(): Promise<void>
}

const types: Record<string, string> = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript',
  '.css': 'text/css',
  '.json': 'application/json',
  '.wasm': 'application/wasm',
}

/** Serves each folder under its path prefix (`/`, `/goldens/` …; the longest that fits counts), with byte ranges. */
export async function serveFolders(folders: Record<string, string>): Promise<FolderServer> {
  const prefixes = Object.keys(folders).sort((a, b) => b.length - a.length)
  const server = createServer((request, response) => {
    const path = normalize(decodeURIComponent(new URL(request.url ?? '/', 'http://host').pathname))
    const prefix = prefixes.find((candidate) => path.startsWith(candidate))
    const file = prefix && join(folders[prefix] ?? '', path.slice(prefix.length) || 'index.html')
    const stats = file ? statSync(file, { throwIfNoEntry: false }) : undefined
    if (!file || !stats?.isFile()) response.writeHead(404).end()
    else sendFile(response, file, stats, request.headers.range, request.method === 'HEAD')
  })
  await new Promise<void>((done) => server.listen(0, done))
  return {
    url: `http://localhost:${(server.address() as AddressInfo).port}/`,
    close: () =>
      new Promise((done) => {
        server.close(() => done())
        server.closeAllConnections()
      }),
  }
}

function sendFile(
  response: ServerResponse,
  file: string,
  stats: Stats,
  range: string | undefined,
  head: boolean,
): void {
  const [, first = '', last = ''] = /^bytes=(\d+)-(\d*)$/.exec(range ?? '') ?? []
  const start = Number(first)
  const end = last ? Math.min(Number(last), stats.size - 1) : stats.size - 1
  const headers = {
    'content-type': types[extname(file)] ?? 'application/octet-stream',
    'accept-ranges': 'bytes',
    'cache-control': 'no-store',
  }
  if (range && start >= stats.size) {
    response.writeHead(416, { 'content-range': `bytes */${stats.size}` }).end()
    return
  }
  const length = { 'content-length': Math.max(0, end - start + 1) }
  response.writeHead(
    range ? 206 : 200,
    range
      ? { ...headers, ...length, 'content-range': `bytes ${start}-${end}/${stats.size}` }
      : { ...headers, ...length },
  )
  if (head || stats.size === 0) response.end()
  else createReadStream(file, { start, end }).pipe(response)
}
