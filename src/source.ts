import { platform } from '#platform'
import type { ModelSource } from './api.ts'
import { blobFiles, directoryFiles } from './checkpoint/blobFiles.ts'
import type { ModelFiles } from './checkpoint/byteSource.ts'
import type { ModelCache } from './checkpoint/cache.ts'
import { type CachedFiles, cachedFiles } from './checkpoint/cachedFiles.ts'
import { hubFiles, webFiles } from './checkpoint/hubFiles.ts'
import { BeagleError } from './errors.ts'
import type { Beside } from './offers.ts'

/** A model's files, and the cache through which they are read when they come over the network. */
export interface OpenedSource {
  files: ModelFiles
  cached?: CachedFiles
  /** Where projectors that come with the model are looked for. */
  beside: Beside
}

/** Opens the files of a source, through the browser's storage where they come over the network and `cache` allows it. */
export async function openSource(source: ModelSource, cache = true): Promise<OpenedSource> {
  const named = typeof source === 'string' ? readName(source) : source
  switch (named.kind) {
    case 'embedded':
      return embedded(await platform.embedded())
    case 'path':
      return local(await platform.folder(named.path))
    case 'files':
      return local(blobFiles(named.files, named.name))
    case 'directory':
      return local(directoryFiles(named.handle))
    case 'cached':
      return reopen(named.key)
    case 'url':
      return remote(webFiles(named.url), cache)
    case 'hub': {
      const { id, revision, host, token } = named
      return remote(hubFiles(id, { revision, host, token }), cache)
    }
  }
}

function readName(name: string): Exclude<ModelSource, string> {
  if (name === 'embedded') return { kind: 'embedded' }
  if (/^https?:\/\//.test(name)) return { kind: 'url', url: name }
  if (platform.isFolder(name)) return { kind: 'path', path: name }
  const hub = /^([\w.-]+\/[\w.-]+)(?:@(.+))?$/.exec(name)
  if (hub && !name.startsWith('.')) return { kind: 'hub', id: hub[1]!, revision: hub[2] }
  throw new BeagleError(
    'not-found',
    `"${name}" is no model: no such folder, and neither a URL nor a hub id (owner/name). Give one of these, or "embedded".`,
  )
}

const local = (files: ModelFiles): OpenedSource => ({ files, beside: { files, settled: false } })

/** The embedded model's files are kept by the page; those beside it are fetched when they are wanted, and kept apart. */
function embedded(files: ModelFiles): OpenedSource {
  return { files, beside: { files, kept: () => platform.projectorStores.open(files.origin), settled: false } }
}

async function remote(files: ModelFiles, cache: boolean): Promise<OpenedSource> {
  const store = cache ? await platform.cache() : undefined
  if (!store) return local(files)
  return throughCache(files, await cachedFiles(files, await store.folder(files.origin)))
}

function throughCache(files: ModelFiles, cached: CachedFiles): OpenedSource {
  const kept = () => platform.projectorStores.open(files.origin)
  return { files: cached, cached, beside: { files, kept, settled: cached.complete } }
}

async function reopen(key: string): Promise<OpenedSource> {
  const folder = await (await browserCache()).folderOf(key)
  const origin = (await folder.manifest())?.origin
  const files = origin?.startsWith('http') ? webFiles(origin) : undefined
  const cached = await cachedFiles(files, folder)
  return throughCache(files ?? cached, cached)
}

/** The browser's storage of models. Throws `not-found` where there is none. */
export async function browserCache(): Promise<ModelCache> {
  const store = await platform.cache()
  if (store) return store
  throw new BeagleError(
    'not-found',
    'There is no storage for models here (Node, a private window, or a page without https).',
  )
}
