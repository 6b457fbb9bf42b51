/**
 * Files of this build, relative to the page, and a digest of them all; and those that are fetched only when they are wanted and kept by
 * whoever wanted them. Written here by the build (vite.config.ts).
 */
declare const PRECACHE: { version: string; files: string[]; later: string[] }

interface Lifetime extends Event {
  waitUntil(work: Promise<unknown>): void
}
interface Fetching extends Lifetime {
  readonly request: Request
  respondWith(response: Promise<Response>): void
}
interface OfflineScope {
  readonly registration: { readonly scope: string }
  readonly clients: { claim(): Promise<void> }
  skipWaiting(): Promise<void>
  addEventListener(type: 'install' | 'activate', listener: (event: Lifetime) => void): void
  addEventListener(type: 'fetch', listener: (event: Fetching) => void): void
  addEventListener(type: 'message', listener: (event: MessageEvent) => void): void
}

const build = PRECACHE
const scope = self as unknown as OfflineScope
const base = scope.registration.scope
const prefix = `beagle ${base} `
const cacheName = prefix + build.version
const files = new Set(build.files.map((file) => new URL(file, base).href))
const later = new Set(build.later.map((file) => new URL(file, base).href))
/** Folders of this build, of which it has or knows every file; any other there does not exist. */
const folders = new Set([...files].map(folderOf).filter((folder) => folder !== base))

scope.addEventListener('install', (event) => event.waitUntil(install()))
scope.addEventListener('activate', (event) => event.waitUntil(activate()))
scope.addEventListener('message', ({ data }) => {
  if (data === 'activate') void scope.skipWaiting()
})
scope.addEventListener('fetch', (event) => {
  const { method, url, mode } = event.request
  if (method !== 'GET' && method !== 'HEAD') return
  const plain = url.replace(/[?#].*$/, '')
  const wanted = mode === 'navigate' && plain === base ? new URL('index.html', base).href : plain
  if (files.has(wanted)) event.respondWith(answer(wanted, event.request))
  else if (folders.has(folderOf(wanted)) && !later.has(wanted))
    event.respondWith(Promise.resolve(new Response(null, { status: 404 })))
})

function folderOf(url: string): string {
  return url.slice(0, url.lastIndexOf('/') + 1)
}

/**
 * Keeps every file of this build. They pass by the browser's HTTP cache: a server that packs whole files but not parts of them
 * would make that cache answer a later request for a part with packed bytes.
 */
async function install(): Promise<void> {
  const cache = await caches.open(cacheName)
  for (const url of files) {
    if (await cache.match(url)) continue
    const response = await fetch(url, { cache: 'no-store' })
    if (!response.ok) throw new Error(`${url}: ${response.status}`)
    const headers = new Headers(response.headers)
    headers.delete('content-encoding')
    headers.delete('content-length')
    await cache.put(url, new Response(response.body, { headers }))
  }
}

async function activate(): Promise<void> {
  for (const name of await caches.keys()) if (name.startsWith(prefix) && name !== cacheName) await caches.delete(name)
  await scope.clients.claim()
}

/** The kept file, or the part of it that a Range header asks for; from the network should the browser have dropped it. */
async function answer(url: string, request: Request): Promise<Response> {
  const kept = await (await caches.open(cacheName)).match(url)
  if (!kept) return fetch(request)
  const range = /^bytes=(\d+)-(\d*)$/.exec(request.headers.get('range') ?? '')
  if (!range) return request.method === 'HEAD' ? new Response(null, { headers: kept.headers }) : kept
  const blob = await kept.blob()
  const start = Number(range[1])
  const end = range[2] ? Math.min(Number(range[2]) + 1, blob.size) : blob.size
  const headers = new Headers(kept.headers)
  if (start >= end) {
    headers.set('content-range', `bytes */${blob.size}`)
    return new Response(null, { status: 416, headers })
  }
  headers.set('content-range', `bytes ${start}-${end - 1}/${blob.size}`)
  headers.set('content-length', String(end - start))
  return new Response(blob.slice(start, end), { status: 206, headers })
}
