import { describe, expect, it } from 'vitest'
import type { Storage } from '../gpu/wgsl.ts'
import { executeAndRead, stateTensor } from '../tensor/execute.ts'
import { floatToHalf, halfToFloat } from '../tensor/half.ts'
import { allHardness, hardNumbers } from '../testing/hardNumbers.ts'
import { decodeMatrix, storeMatrix } from '../testing/referenceWeight.ts'
import { testGpu } from '../testing/testGpu.ts'
import { allocateWeight, convert, type SourceType } from './convert.ts'

const gpu = await testGpu()

/** The bytes of a file, and the values that they stand for. */
function inFile(values: Float32Array, dtype: SourceType): { bytes: Uint8Array; values: Float32Array } {
  if (dtype === 'F32') return { bytes: new Uint8Array(values.buffer), values }
  const bits = new Uint32Array(values.buffer)
  const halves = Uint16Array.from(values, (value, i) => (dtype === 'F16' ? floatToHalf(value) : bits[i]! >>> 16))
  const back = new Float32Array(values.length)
  const backBits = new Uint32Array(back.buffer)
  halves.forEach((half, i) => {
    if (dtype === 'F16') back[i] = halfToFloat(half)
    else backBits[i] = half << 16
  })
  return { bytes: new Uint8Array(halves.buffer), values: back }
}

/** What the GPU stored, decoded by plain code. */
async function stored(file: Uint8Array, rows: number, cols: number, storage: Storage, dtype: SourceType) {
  const weight = allocateWeight(gpu, 'weight', rows, cols, storage)
  const source = stateTensor(gpu, 'source', [Math.ceil(file.length / 4)], 'u32')
  const padded = new Uint8Array(Math.ceil(file.length / 4) * 4)
  padded.set(file)
  gpu.device.queue.writeBuffer(source.buffer, 0, padded)
  const [part] = weight.parts
  const words = { buffer: part!.weight, shape: [part!.weight.size / 4], type: 'u32' as const }
  const scales = part!.scales ? { buffer: part!.scales, shape: [part!.scales.size / 4], type: 'u32' as const } : words
  const read = await executeAndRead(gpu, 'convert', (pass) => {
    convert(pass, { source, weight }, { dtype, firstRow: 0, rows })
    return { words, scales }
  })
  for (const buffer of new Set([words.buffer, scales.buffer, source.buffer])) gpu.memory.destroy(buffer)
  return { words: new Uint32Array(read.words), scales: new Uint16Array(new Uint32Array(read.scales).buffer) }
}

/**
 * Half a step of the quantized scale. Beyond its last levels a q4 value is off by what lies beyond them: the best scale puts no more than
 * 9 steps on the largest value. A q8 value is off there by what rounding the scale to f16 can take off 127 steps.
 */
function errorBound(value: number, scale: number, storage: Storage): number {
  if (storage === 'f32') return 0
  if (storage === 'f16') return Math.max(2 ** -10 * Math.abs(value), 2 ** -24)
  const level = value / scale
  const clipped = storage === 'q4' ? level > 7.49 || level < -8.49 : Math.abs(level) > 127
  const steps = clipped ? (storage === 'q4' ? 2.01 : 0.58) : 0.501
  return steps * Math.abs(scale)
}

/** What the scale of a q4 block minimizes: the squared error weighted by the squared weight. Ties of rounding may lead to another scale that serves alike. */
function blockError(wanted: ArrayLike<number>, stored: ArrayLike<number>, cols: number, block: number): number {
  const blocks = Math.ceil(cols / 32)
  const row = Math.floor(block / blocks)
  const from = 32 * (block % blocks)
  let sum = 0
  for (let at = row * cols + from; at < row * cols + Math.min(cols, from + 32); at++) {
    sum += wanted[at]! ** 2 * (stored[at]! - wanted[at]!) ** 2
  }
  return sum
}

describe('convert', () => {
  for (const storage of ['f32', 'f16', 'q8', 'q4'] as const) {
    for (const dtype of ['F32', 'F16', 'BF16'] as const) {
      it.each([
        [1, 1],
        [3, 7],
        [5, 64],
        [7, 100],
      ])(`${dtype} to ${storage}, %i × %i`, async (rows, cols) => {
        for (const kind of allHardness) {
          const file = inFile(hardNumbers(rows * cols, kind, 3), dtype)
          const exact = storeMatrix(file.values, rows, cols, storage)
          const got = await stored(file.bytes, rows, cols, storage, dtype)
          const scales = got.scales.slice(0, exact.scales.length)
          const values = decodeMatrix({ words: got.words, scales }, rows, cols, storage)
          scales.forEach((half, i) => {
            const error = (stored: ArrayLike<number>) => blockError(file.values, stored, cols, i)
            const near = Math.abs(half - exact.scales[i]!) <= 1
            const asGood = storage === 'q4' && error(values) <= 1.05 * error(exact.values)
            expect(near || asGood, `${kind}: scale ${i}`).toBe(true)
          })
          file.values.forEach((value, i) => {
            const scale = halfToFloat(scales[Math.floor(i / cols) * Math.ceil(cols / 32) + ((i % cols) >> 5)] ?? 0)
            const bound = errorBound(value, scale, storage)
            expect(Math.abs(values[i]! - value), `${kind}: element ${i}, ${value}`).toBeLessThanOrEqual(bound)
          })
        }
      })
    }
  }

  it('refuses rows that the weight does not have', () => {
    const weight = allocateWeight(gpu, 'w', 4, 8, 'q4')
    const source = stateTensor(gpu, 'source', [32], 'u32')
    const run = () => convert({} as never, { source, weight }, { dtype: 'F32', firstRow: 2, rows: 3 })
    expect(run).toThrow('w: rows 2..5 of 4')
  })
})
