import { bytesSource } from '../checkpoint/byteSource.ts'
import { readTensor, singleCheckpoint } from '../checkpoint/checkpoint.ts'
import { toFloat32 } from '../checkpoint/dtypes.ts'
import { type TensorToWrite, writeSafetensors } from '../checkpoint/writeSafetensors.ts'
import { BeagleError } from '../errors.ts'
import type { Gpu } from '../gpu/device.ts'
import type { TeachStore } from '../teachApi.ts'
import { executeAndRead, upload } from '../tensor/execute.ts'
import type { Tensor } from '../tensor/tensor.ts'
import type { Parameter } from './parameters.ts'

/** A training between two steps: with the same data and settings it goes on as if it had never been broken off. */
export interface State {
  /** Steps done. */
  step: number
  losses: number[]
  /** Value and moments of each parameter, in order, as they lie on the GPU. */
  tensors: Record<'value' | 'm' | 'v', Float32Array>[]
}

/** The name of a training's state in its store. */
export const stateFile = 'state'

/** Reads weights and moments back from the GPU. */
export async function readState(
  gpu: Gpu,
  parameters: readonly Parameter[],
  step: number,
  losses: readonly number[],
): Promise<State> {
  const wanted = Object.fromEntries(
    parameters.flatMap(({ value, m, v }, i) => [
      [`value.${i}`, value],
      [`m.${i}`, m],
      [`v.${i}`, v],
    ]),
  ) as Record<string, Tensor>
  const read = await executeAndRead(gpu, 'read the state', () => wanted)
  const tensors = parameters.map((_, i) => {
    const part = (name: string) => read[`${name}.${i}`] as Float32Array
    return { value: part('value'), m: part('m'), v: part('v') }
  })
  return { step, losses: [...losses], tensors }
}

/** Puts a state back on the GPU. */
export function restore(gpu: Gpu, parameters: readonly Parameter[], { tensors }: State): void {
  parameters.forEach((parameter, i) => {
    for (const name of ['value', 'm', 'v'] as const) upload(gpu, parameter[name], tensors[i]![name])
  })
}

/** Writes a state; `fingerprint` says of what data, settings and model it is. */
export async function save(store: TeachStore, { step, losses, tensors }: State, fingerprint: string): Promise<void> {
  const entries = tensors.flatMap((parts, i) =>
    Object.entries(parts).map(([name, data]): [string, TensorToWrite] => [
      `${name}.${i}`,
      { shape: [data.length], data },
    ]),
  )
  const metadata = { step: String(step), losses: JSON.stringify(losses), fingerprint }
  await store.write(stateFile, writeSafetensors(Object.fromEntries(entries), metadata))
}

/** The state in a store, if there is one. Throws `bad-argument` where it is of another training. */
export async function recallState(store: TeachStore, fingerprint: string): Promise<State | undefined> {
  const bytes = await store.read(stateFile)
  if (!bytes) return undefined
  const { tensors, metadata } = await singleCheckpoint(bytesSource('the saved state', bytes))
  if (metadata.get('fingerprint') !== fingerprint) {
    throw new BeagleError(
      'bad-argument',
      'The saved state is of another training: its model, data or settings differ from what was given now. Give the same ones, or start anew without going on.',
    )
  }
  const values = await Promise.all(
    [...tensors].map(async ([name, ref]) => [name, toFloat32(await readTensor(ref), ref.dtype)] as const),
  )
  const all = new Map(values)
  return {
    step: Number(metadata.get('step')),
    losses: JSON.parse(metadata.get('losses')!),
    tensors: Array.from({ length: all.size / 3 }, (_, i) => ({
      value: all.get(`value.${i}`)!,
      m: all.get(`m.${i}`)!,
      v: all.get(`v.${i}`)!,
    })),
  }
}
