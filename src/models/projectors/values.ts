import { bytesSource } from '../../checkpoint/byteSource.ts'
import type { ProjectorConfig } from '../../checkpoint/configTypes.ts'
import type { TensorRef } from '../../checkpoint/safetensors.ts'
import type { Gpu } from '../../gpu/device.ts'
import { executeAndRead } from '../../tensor/execute.ts'
import { sizeOf, type Tensor } from '../../tensor/tensor.ts'
import { blockSize, blocksOf, type Weight } from '../../tensor/weight.ts'
import { leavesOf, loadedLeaves } from '../tree.ts'
import { upload } from '../upload.ts'
import type { Ends } from './ends.ts'
import { type Projector, projectorSpec } from './projector.ts'

/** A projector's numbers on the host, row-major, by canonical name. */
export type ProjectorValues = Record<string, Float32Array<ArrayBuffer>>

/** Brings a projector onto the GPU in f32, as the trainer takes it. */
export async function loadProjector(
  gpu: Gpu,
  ends: Ends,
  config: ProjectorConfig,
  values: ProjectorValues,
): Promise<Projector> {
  const spec = projectorSpec(ends, config)
  const refs = leavesOf(spec).flatMap(({ sources }) =>
    sources.map(({ name, shape }): [string, TensorRef] => {
      const { buffer, byteOffset, byteLength } = values[name]!
      const source = bytesSource(name, new Uint8Array(buffer, byteOffset, byteLength))
      return [name, { name, dtype: 'F32', shape: [...shape], source, begin: 0, end: byteLength }]
    }),
  )
  return { config, ends, spec, weights: await upload(gpu, spec, new Map(refs), { weights: 'f32' }) }
}

/** Reads back what `loadProjector` brought up, or what training has made of it. */
export async function readProjector(gpu: Gpu, { spec, weights }: Projector): Promise<ProjectorValues> {
  const loaded = loadedLeaves(spec, weights)
  const read = await executeAndRead(gpu, 'read projector', () =>
    Object.fromEntries(loaded.flatMap(([, operand], i) => partsOf(operand).map((part, k) => [`${i}.${k}`, part]))),
  )
  const values: ProjectorValues = {}
  loaded.forEach(([{ sources }, operand], i) => {
    const parts = partsOf(operand).map((_, k) => read[`${i}.${k}`] as Float32Array)
    const whole = 'parts' in operand ? stripped(parts, operand) : (parts[0] as Float32Array<ArrayBuffer>)
    let at = 0
    for (const { name, shape } of sources) {
      values[name] = whole.slice(at, at + sizeOf(shape))
      at += sizeOf(shape)
    }
  })
  return values
}

/** The buffers of an operand as tensors; a matrix has the padding of its rows. */
function partsOf(operand: Weight | Tensor): Tensor[] {
  if ('buffer' in operand) return [operand]
  const width = blocksOf(operand.cols) * blockSize
  return operand.parts.map(({ weight, rows }) => ({ buffer: weight, shape: [rows, width], type: 'f32' }))
}

/** A matrix in one piece, without the padding of its rows. */
function stripped(parts: Float32Array[], { rows, cols }: Weight): Float32Array<ArrayBuffer> {
  const width = blocksOf(cols) * blockSize
  const values = new Float32Array(rows * cols)
  let row = 0
  for (const part of parts) {
    for (let at = 0; at < part.length; at += width) values.set(part.subarray(at, at + cols), cols * row++)
  }
  return values
}
