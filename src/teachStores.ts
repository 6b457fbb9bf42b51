import { platform } from '#platform'
import type { TeachStore } from './teachApi.ts'

/**
 * Where a training keeps its state: in Node the folder `place`, in the browser its private storage under that key. Throws
 * `not-found` where the browser has no storage.
 */
export async function teachStore(place: string): Promise<TeachStore> {
  return platform.teachStores.open(place)
}

/** The keys of the trainings in the browser's storage; none in Node and where there is no storage. */
export async function listTeachStores(): Promise<string[]> {
  return platform.teachStores.list()
}

/** Deletes what a training has kept in the browser's storage; a key that is not there is no error. */
export async function deleteTeachStore(key: string): Promise<void> {
  await platform.teachStores.delete(key)
}
