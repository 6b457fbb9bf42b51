import type { ModelFiles } from './checkpoint/byteSource.ts'
import { type ModelCache, openBrowserCache } from './checkpoint/cache.ts'
import { httpFiles } from './checkpoint/httpFiles.ts'
import { BeagleError } from './errors.ts'

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
}
