import type { Gpu } from '../gpu/device.ts'
import type { Storage } from '../gpu/wgsl.ts'
import { floatToHalf, halfToFloat } from '../tensor/half.ts'
import { blockBytes, blockSize, blocksOf, hasScales, type Weight, type WeightPart } from '../tensor/weight.ts'
import { seeded } from './hardNumbers.ts'

/**
 * A weight of random stored values, all of f32 and f16 in [-1, 1], written without any quantization, with its values [rows, cols] in f64 as a kernel
 * must read them. `rowsPerPart` splits it as if it were larger than a binding.
 */
export function randomWeight(
  gpu: Gpu,
  [rows, cols]: [number, number],
  storage: Storage,
  seed: number,
  rowsPerPart = rows,
): { weight: Weight; values: Float64Array } {
  const random = seeded(seed)
  const values = new Float64Array(rows * cols)
  const parts: WeightPart[] = []
  for (let firstRow = 0; firstRow < rows; firstRow += rowsPerPart) {
    const count = Math.min(rowsPerPart, rows - firstRow)
    const blocks = count * blocksOf(cols)
    const bytes = new DataView(new ArrayBuffer(blocks * blockBytes[storage]))
    const scales = new DataView(new ArrayBuffer(4 * Math.ceil(blocks / 2)))
    for (let block = 0; block < blocks; block++) {
      const scale = halfToFloat(floatToHalf(0.1 + random()))
      scales.setUint16(2 * block, floatToHalf(scale), true)
      const row = firstRow + Math.floor(block / blocksOf(cols))
      const col = (block % blocksOf(cols)) * blockSize
      for (let k = 0; k < blockSize && col + k < cols; k++) {
        values[row * cols + col + k] = write[storage](bytes, block * blockSize + k, 2 * random() - 1, scale)
      }
    }
    const part: WeightPart = { firstRow, rows: count, weight: bufferOf(gpu, bytes) }
    parts.push(hasScales(storage) ? { ...part, scales: bufferOf(gpu, scales) } : part)
  }
  return { weight: { name: `random ${storage}`, rows, cols, storage, parts }, values }
}

/** Stores element `i` near `value` (times the scale) and returns what it then is. */
const write: Record<Storage, (bytes: DataView, i: number, value: number, scale: number) => number> = {
  f32: (bytes, i, value) => {
    bytes.setFloat32(4 * i, value, true)
    return Math.fround(value)
  },
  f16: (bytes, i, value) => {
    bytes.setUint16(2 * i, floatToHalf(value), true)
    return halfToFloat(floatToHalf(value))
  },
  q8: (bytes, i, value, scale) => {
    const q = Math.round(127 * value)
    bytes.setInt8(i, q)
    return scale * q
  },
  q4: (bytes, i, value, scale) => {
    const q = Math.round(8 * value)
    const nibble = Math.min(15, q + 8)
    bytes.setUint8(i >> 1, bytes.getUint8(i >> 1) | (nibble << (i % 2 ? 4 : 0)))
    return scale * (nibble - 8)
  },
}

function bufferOf(gpu: Gpu, bytes: DataView): GPUBuffer {
  const usage = GPUBufferUsage.STORAGE | GPUBufferUsage.COPY_DST
  const buffer = gpu.memory.create('random weight', bytes.byteLength, 'weights', usage)
  gpu.device.queue.writeBuffer(buffer, 0, bytes.buffer as ArrayBuffer)
  return buffer
}
