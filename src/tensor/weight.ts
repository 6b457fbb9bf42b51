import type { Storage } from '../gpu/wgsl.ts'

/** Consecutive rows of a weight in buffers of their own, for weights larger than one binding. */
export interface WeightPart {
  firstRow: number
  rows: number
  weight: GPUBuffer
  /** f16 scales, two to a word; only q8 and q4 have them. */
  scales?: GPUBuffer
}

/** A matrix [rows, cols] = [out, in] in one of the storages of `shaders/storage/`, its rows padded to blocks of 32. */
export interface Weight {
  name: string
  rows: number
  cols: number
  storage: Storage
  parts: WeightPart[]
}

/** Elements of a block: the columns that share a scale, and the unit to which every storage pads its rows. */
export const blockSize = 32

/** Blocks of one row of `cols` elements. */
export const blocksOf = (cols: number): number => Math.ceil(cols / blockSize)

/** Bytes of one block's values, without its scale. */
export const blockBytes: Record<Storage, number> = { f32: 128, f16: 64, q8: 32, q4: 16 }

export const hasScales = (storage: Storage): boolean => storage === 'q8' || storage === 'q4'

/** Bytes on the GPU of a weight of `rows × cols`, scales included. */
export function weightBytes(rows: number, cols: number, storage: Storage): number {
  return rows * blocksOf(cols) * (blockBytes[storage] + (hasScales(storage) ? 2 : 0))
}

/** The accessor's bindings of one part, by their WGSL names. */
export function weightBindings(part: WeightPart): Record<string, { buffer: GPUBuffer }> {
  const bindings: Record<string, { buffer: GPUBuffer }> = { weight: { buffer: part.weight } }
  if (part.scales) bindings.scales = { buffer: part.scales }
  return bindings
}

/** The bindings of a kernel that reads whole blocks: quantized ones go by vec4s, as `weight4`. */
export function blockBindings(part: WeightPart): Record<string, { buffer: GPUBuffer }> {
  if (!part.scales) return weightBindings(part)
  return { weight4: { buffer: part.weight }, scales: { buffer: part.scales } }
}
