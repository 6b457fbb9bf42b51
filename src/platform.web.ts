import type { ModelFiles } from './checkpoint/byteSource.ts'
import { cacheKey, type ModelCache, openBrowserCache } from './checkpoint/cache.ts'
import { httpFiles } from './checkpoint/httpFiles.ts'
import { type KeptFiles, keptFiles, safeName } from './checkpoint/keptFiles.ts'
import { browserFolder, remove } from './checkpoint/opfs.ts'
import { BeagleError } from './errors.ts'

/** The folder of the browser's storage that has one folder for each training. */
const trainings = 'beagle-teach'
/** The one that has a folder for each model beside which projectors lie. */
const projectors = 'beagle-projectors'

/**
 * What differs between the browser and Node; `platform.node.ts` is its twin. The embedded model lies beside the page or its
 * worker; ranges of it stay out of the HTTP cache, which mixes them up where a server compresses whole files only.
 */
export const platform = {
  gpu: (): GPU | undefined => navigator.gpu,
  embedded: async (): Promise<ModelFiles> =>
    httpFiles(new URL('models/pocket/', self.location.href).href, { cache: 'no-store' }),
  folder: async (path: string): Promise<ModelFiles> => {
    throw new BeagleError(
      'bad-argument',
      `A page cannot open the path "${path}". Give a URL, a hub id, or choose the folder.`,
    )
  },
  isFolder: (_path: string): boolean => false,
  cache: (): Promise<ModelCache | undefined> => openBrowserCache(),
  /** What is kept of the projectors beside a model: a folder for each origin. */
  projectorStores: {
    open: async (origin: string): Promise<KeptFiles | undefined> => {
      const root = await browserFolder(projectors)
      return root && keptFiles(await root.getDirectoryHandle(await cacheKey(origin), { create: true }))
    },
    delete: async (key: string): Promise<void> => {
      const root = await browserFolder(projectors)
      if (root) await remove(root, key)
    },
  },
  teachStores: {
    open: async (key: string): Promise<KeptFiles> => {
      const root = await browserFolder(trainings)
      if (root) return keptFiles(await root.getDirectoryHandle(safeName(key), { create: true }))
      throw new BeagleError(
        'not-found',
        'There is no storage for trainings here (a private window, or a page without https). Open the page by https in a normal window.',
      )
    },
    list: async (): Promise<string[]> => {
      const keys: string[] = []
      for await (const key of (await browserFolder(trainings))?.keys() ?? []) keys.push(decodeURIComponent(key))
      return keys.sort()
    },
    delete: async (key: string): Promise<void> => {
      const root = await browserFolder(trainings)
      if (root) await remove(root, safeName(key))
    },
  },
}
