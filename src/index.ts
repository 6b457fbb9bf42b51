import { platform } from '#platform'
import type { CachedModel } from './api.ts'
import { browserCache } from './source.ts'

export type * from './api.ts'
export { writeSafetensors } from './checkpoint/writeSafetensors.ts'
export { BeagleError, type ErrorCode } from './errors.ts'
export { compare, evaluate, isRight } from './evaluation.ts'
export * from './evaluationApi.ts'
export { carryBack } from './generate/carryBack.ts'
export { inWords } from './generate/inWords.ts'
export { decodeImage } from './image/decode.ts'
export type { RgbImage } from './image/rgbImage.ts'
export { inspect } from './inspect.ts'
export { load } from './load.ts'
export * from './teachApi.ts'
export { deleteTeachStore, listTeachStores, teachStore } from './teachStores.ts'
export { folderTemplates, readFolders } from './train/data/folders.ts'
export { dataExtensions, readData } from './train/data/read.ts'

/** The models in the browser's storage, latest used first; none where there is no such storage. */
export async function cachedModels(): Promise<CachedModel[]> {
  const store = await browserCache().catch(() => undefined)
  return (await store?.list()) ?? []
}

/** Deletes a model, and the projectors that came with it, from the browser's storage; a key that is not there is no error. */
export async function deleteCached(key: string): Promise<void> {
  await (await browserCache()).delete(key)
  await platform.projectorStores.delete(key)
}
