import { existsSync, statSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import type { ModelFiles } from './checkpoint/byteSource.ts'
import type { ModelCache } from './checkpoint/cache.ts'
import { fsFiles } from './checkpoint/fs.node.ts'
import { folderFiles } from './checkpoint/keptFiles.node.ts'
import type { KeptFiles } from './checkpoint/keptFiles.ts'
import { BeagleError } from './errors.ts'
import { nodeGpu } from './gpu/dawn.node.ts'

/** What differs between Node and the browser; `platform.web.ts` is its twin. */
export const platform = {
  gpu: (): GPU | undefined => nodeGpu(),
  embedded: (): Promise<ModelFiles> => fsFiles(fileURLToPath(new URL('../public/models/pocket', import.meta.url))),
  folder: (path: string): Promise<ModelFiles> => fsFiles(path),
  isFolder: (path: string): boolean => existsSync(path) && statSync(path).isDirectory(),
  cache: async (): Promise<ModelCache | undefined> => undefined,
  projectorStores: {
    open: async (_origin: string): Promise<KeptFiles | undefined> => undefined,
    delete: async (_key: string): Promise<void> => {},
  },
  teachStores: {
    open: async (folder: string): Promise<KeptFiles> => folderFiles(folder),
    list: async (): Promise<string[]> => [],
    delete: async (folder: string): Promise<void> => {
      throw new BeagleError(
        'bad-argument',
        `In Node a training is kept in the folder that was given for it. Delete "${folder}".`,
      )
    },
  },
}
