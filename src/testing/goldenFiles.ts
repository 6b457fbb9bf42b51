import { readdirSync } from 'node:fs'
import { bytesSource } from '../checkpoint/byteSource.ts'
import { readTensor, singleCheckpoint } from '../checkpoint/checkpoint.ts'
import type { Dtype } from '../checkpoint/dtypes.ts'
import { writeSafetensors } from '../checkpoint/writeSafetensors.ts'
import { golden, goldenBytes } from './models.ts'

/** Tensors of a file, ready to be changed and written again. */
export type RawTensors = Record<string, { shape: readonly number[]; data: Uint8Array<ArrayBuffer>; dtype: Dtype }>

/** All tensors of a safetensors file, by the names in it, and its metadata. */
export async function rawFile(file: Uint8Array): Promise<{ tensors: RawTensors; metadata: Record<string, string> }> {
  const { tensors, metadata } = await singleCheckpoint(bytesSource('file', file))
  const entries = [...tensors].map(async ([key, ref]) => {
    return [key, { shape: ref.shape, data: await readTensor(ref), dtype: ref.dtype }] as const
  })
  return { tensors: Object.fromEntries(await Promise.all(entries)), metadata: Object.fromEntries(metadata) }
}

/** All tensors of a golden checkpoint, by the names in its file. */
export const goldenTensors = async (name: string) => (await rawFile(goldenBytes(`${name}/model.safetensors`))).tensors

/** The files of a golden checkpoint in memory, some of them replaced by tensors, JSON or text; `undefined` leaves one out. */
export function goldenFiles(
  name: string,
  changes: Record<string, { tensors: RawTensors } | { json: unknown } | { text: string } | undefined> = {},
): File[] {
  const kept = readdirSync(golden(name)).filter((file) => !(file in changes) && !file.startsWith('expected'))
  const originals = kept.map((file) => new File([goldenBytes(`${name}/${file}`)], file))
  const changed = Object.entries(changes).flatMap(([file, change]) => {
    if (!change) return []
    if ('tensors' in change) return [new File([writeSafetensors(change.tensors)], file)]
    return [new File(['json' in change ? JSON.stringify(change.json) : change.text], file)]
  })
  return [...originals, ...changed]
}

/** The projector of a golden checkpoint with its values changed, by the names in its file. */
export async function changedProjector(
  name: string,
  change = (value: number, i: number) => value * (i % 3 === 0 ? -1.5 : 1),
): Promise<RawTensors> {
  const own = Object.entries(await goldenTensors(name)).filter(([key]) => key.includes('multi_modal_projector.'))
  return Object.fromEntries(
    own.map(([key, { shape, data }]) => {
      const values = new Float32Array(data.buffer).map(change)
      return [key, { shape, dtype: 'F32', data: new Uint8Array(values.buffer) }]
    }),
  )
}
