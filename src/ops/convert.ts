import type { Gpu } from '../gpu/device.ts'
import type { Storage } from '../gpu/wgsl.ts'
import type { Pass } from '../tensor/pass.ts'
import type { Tensor } from '../tensor/tensor.ts'
import { blockBytes, blockSize, blocksOf, hasScales, type Weight, type WeightPart } from '../tensor/weight.ts'
import { flatGrid } from './grid.ts'
import { require } from './require.ts'

/** Element types of files that can become weights. */
export type SourceType = 'F32' | 'F16' | 'BF16'

const dtypes: Record<SourceType, number> = { F32: 0, F16: 1, BF16: 2 }
const entries: Record<Storage, string> = { f32: 'toF32', f16: 'toF16', q8: 'toQ8', q4: 'toQ4' }

/** Allocates a weight, split by rows where it is larger than one binding; zero until `convert` fills it. */
export function allocateWeight(gpu: Gpu, name: string, rows: number, cols: number, storage: Storage): Weight {
  const rowBytes = blocksOf(cols) * blockBytes[storage]
  const mostRows = Math.floor(gpu.device.limits.maxStorageBufferBindingSize / rowBytes)
  require(mostRows > 0, () =>
    `${name}: one row takes ${rowBytes} bytes, a binding holds ${gpu.device.limits.maxStorageBufferBindingSize}`)
  const parts: WeightPart[] = []
  const usage = GPUBufferUsage.STORAGE | GPUBufferUsage.COPY_DST | GPUBufferUsage.COPY_SRC
  for (let firstRow = 0; firstRow < rows; firstRow += mostRows) {
    const count = Math.min(mostRows, rows - firstRow)
    const weight = gpu.memory.create(name, count * rowBytes, 'weights', usage)
    const scaleBytes = 4 * Math.ceil((count * blocksOf(cols)) / 2)
    const scales = hasScales(storage) ? gpu.memory.create(`${name} scales`, scaleBytes, 'weights', usage) : undefined
    parts.push({ firstRow, rows: count, weight, scales })
  }
  return { name, rows, cols, storage, parts }
}

/**
 * Converts `rows` rows of a file's matrix, at the front of `source` (u32 words, as the bytes stand in the file), into rows
 * `firstRow` .. of `weight`. Every row is to be written once: scales are or-ed into zeros.
 */
export function convert(
  pass: Pass,
  { source, weight }: { source: Tensor; weight: Weight },
  at: { dtype: SourceType; firstRow: number; rows: number },
): void {
  const { cols, storage } = weight
  require(at.firstRow + at.rows <= weight.rows, () =>
    `${weight.name}: rows ${at.firstRow}..${at.firstRow + at.rows} of ${weight.rows}`)
  const part = weight.parts.find((p) => at.firstRow >= p.firstRow && at.firstRow + at.rows <= p.firstRow + p.rows)
  require(!!part, () => `${weight.name}: rows ${at.firstRow}..${at.firstRow + at.rows} span two of its parts`)
  const kernel = { shader: 'convert', entry: entries[storage] }
  const buffers: Record<string, { buffer: GPUBuffer }> = { source, weight: { buffer: part.weight } }
  if (part.scales) buffers.scales = { buffer: part.scales }
  const firstBlock = (at.firstRow - part.firstRow) * blocksOf(cols)
  const groups = Math.ceil((at.rows * blocksOf(cols)) / 64)
  pass.run(kernel, buffers, { rows: at.rows, cols, firstBlock, dtype: dtypes[at.dtype], blockSize }, flatGrid(groups))
}
