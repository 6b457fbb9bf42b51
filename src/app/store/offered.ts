import { signal } from '@preact/signals'
import type { OfferedProjector } from '../../teachApi.ts'
import { PageError } from '../protocol.ts'
import { client, preparations } from './model.ts'
import { showToast } from './panels.ts'

/** The projectors that came with the model that is loaded. */
export const offered = signal<OfferedProjector[]>([])

/** The one of them that is being fetched, and how much of it is there. */
export const fetching = signal<{ name: string; part: number } | undefined>(undefined)

preparations.push(async () => {
  offered.value = []
  void readOffered()
})

async function readOffered(): Promise<void> {
  try {
    offered.value = await client().offeredProjectors()
  } catch (error) {
    if (!(error instanceof PageError)) throw error
    if (error.code === 'bad-file') showToast(error.message, { tone: 'problem' })
  }
}

/** Brings one of them into the model; throws where it cannot be had or does not fit. */
export async function fetchOffered(name: string) {
  fetching.value = { name, part: 0 }
  try {
    return await client().fetchProjector(name, (loaded, total) => {
      fetching.value = { name, part: loaded / total }
    })
  } finally {
    if (fetching.peek()?.name === name) fetching.value = undefined
  }
}
