import type { Gpu } from '../gpu/device.ts'
import type { Storage } from '../gpu/wgsl.ts'
import { floatToHalf, halfToFloat } from '../tensor/half.ts'
import { blocksOf, hasScales, type Weight, type WeightPart } from '../tensor/weight.ts'

/** A matrix stored by plain code: the words of `shaders/storage/` and the values that they stand for. */
export interface StoredMatrix {
  words: Uint32Array
  /** f16 bits, one per block; empty without scales */
  scales: Uint16Array
  /** [rows, cols] in f64, as the kernels should see them */
  values: Float64Array
}

const roundEven = (x: number) => {
  const floor = Math.floor(x)
  const rest = x - floor
  return rest > 0.5 || (rest === 0.5 && floor % 2 !== 0) ? floor + 1 : floor
}

const clamp = (x: number, low: number, high: number) => Math.min(high, Math.max(low, x))

/** The scale of a q4 block: of nine placements of its extreme the one with the least error weighted by w², at its least squares. */
function bestScale(block: readonly number[], extreme: number): number {
  if (extreme === 0) return 0
  const fits = Array.from({ length: 9 }, (_, candidate) => {
    const levels = 7.2 + 0.2 * candidate
    const terms = block.map((value) => {
      const u = value / extreme
      return { u, q: clamp(roundEven(-levels * u), -8, 7) }
    })
    const both = terms.reduce((sum, { u, q }) => sum + u ** 3 * q, 0)
    const own = terms.reduce((sum, { u, q }) => sum + (u * q) ** 2, 0)
    return { gain: both ** 2 / own, scale: (both / own) * extreme }
  })
  return fits.reduce((best, fit) => (fit.gain > best.gain ? fit : best)).scale
}

/** Stores `matrix` [rows, cols]; the reference of `convert`. */
export function storeMatrix(matrix: ArrayLike<number>, rows: number, cols: number, storage: Storage): StoredMatrix {
  const blocks = blocksOf(cols)
  const bits = { f32: 32, f16: 16, q8: 8, q4: 4 }[storage]
  const words = new Uint32Array(rows * blocks * bits)
  const scales = new Uint16Array(hasScales(storage) ? rows * blocks : 0)
  const values = new Float64Array(rows * cols)
  const asBits = new Uint32Array(1)
  const asFloat = new Float32Array(asBits.buffer)
  for (let row = 0; row < rows; row++) {
    for (let block = 0; block < blocks; block++) {
      const at = row * blocks + block
      const of = Array.from({ length: 32 }, (_, k) =>
        32 * block + k < cols ? Math.fround(matrix[row * cols + 32 * block + k]!) : 0,
      )
      const extreme = of.reduce((m, v) => (Math.abs(v) > Math.abs(m) ? v : m), 0)
      const half = floatToHalf(storage === 'q4' ? bestScale(of, extreme) : Math.abs(extreme) / 127)
      const scale = halfToFloat(half)
      if (scales.length) scales[at] = half
      of.forEach((v, k) => {
        const q = scale === 0 ? 0 : roundEven(v / scale)
        let code = 0
        let value = v
        if (storage === 'f32') {
          asFloat[0] = v
          code = asBits[0]!
        } else if (storage === 'f16') {
          code = floatToHalf(v)
          value = halfToFloat(code)
        } else if (storage === 'q8') {
          code = clamp(q, -127, 127) & 255
          value = clamp(q, -127, 127) * scale
        } else {
          code = clamp(q, -8, 7) + 8
          value = clamp(q, -8, 7) * scale
        }
        const bit = (at * 32 + k) * bits
        words[bit >> 5]! |= code << (bit & 31)
        if (32 * block + k < cols) values[row * cols + 32 * block + k] = value
      })
    }
  }
  return { words, scales, values }
}

/** The values [rows, cols] that stored words stand for. */
export function decodeMatrix(
  stored: Pick<StoredMatrix, 'words' | 'scales'>,
  rows: number,
  cols: number,
  storage: Storage,
): Float64Array {
  const bits = { f32: 32, f16: 16, q8: 8, q4: 4 }[storage]
  const floats = new Float32Array(stored.words.buffer, stored.words.byteOffset, stored.words.length)
  return Float64Array.from({ length: rows * cols }, (_, i) => {
    const block = Math.floor(i / cols) * blocksOf(cols) + ((i % cols) >> 5)
    const bit = (block * 32 + ((i % cols) & 31)) * bits
    const code = stored.words[bit >> 5]! >>> (bit & 31)
    if (storage === 'f32') return floats[bit >> 5]!
    if (storage === 'f16') return halfToFloat(code & 0xffff)
    const scale = halfToFloat(stored.scales[block]!)
    return scale * (storage === 'q8' ? (code << 24) >> 24 : (code & 15) - 8)
  })
}

/** Uploads a stored matrix as a weight, in parts of at most `mostRows` rows. */
export function uploadWeight(
  gpu: Gpu,
  stored: StoredMatrix,
  rows: number,
  cols: number,
  storage: Storage,
  mostRows = rows,
): Weight {
  const put = (values: Uint32Array | Uint16Array): GPUBuffer => {
    const padded = new Uint8Array(Math.ceil(values.byteLength / 16) * 16)
    padded.set(new Uint8Array(values.buffer, values.byteOffset, values.byteLength))
    const buffer = gpu.memory.lend(padded.byteLength)
    gpu.device.queue.writeBuffer(buffer, 0, padded)
    return buffer
  }
  const parts: WeightPart[] = []
  const blocks = blocksOf(cols)
  const rowWords = stored.words.length / rows
  for (let firstRow = 0; firstRow < rows; firstRow += mostRows) {
    const count = Math.min(mostRows, rows - firstRow)
    const weight = put(stored.words.slice(firstRow * rowWords, (firstRow + count) * rowWords))
    const scales = stored.scales.slice(firstRow * blocks, (firstRow + count) * blocks)
    parts.push({ firstRow, rows: count, weight, scales: hasScales(storage) ? put(scales) : undefined })
  }
  return { name: 'weight', rows, cols, storage, parts }
}

/** Gives an uploaded weight's buffers back to the pool. */
export function returnWeight(gpu: Gpu, weight: Weight): void {
  gpu.memory.giveBack(weight.parts.flatMap((part) => (part.scales ? [part.weight, part.scales] : [part.weight])))
}
