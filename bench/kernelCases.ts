import type { Gpu } from '../src/gpu/device.ts'
import type { Storage } from '../src/gpu/wgsl.ts'
import { attention } from '../src/ops/attention.ts'
import { attentionRow } from '../src/ops/attentionRow.ts'
import { allocateWeight, convert } from '../src/ops/convert.ts'
import { newCursor } from '../src/ops/cursor.ts'
import { layerNorm } from '../src/ops/layerNorm.ts'
import { linear } from '../src/ops/linear.ts'
import { linearInputGradient, linearWeightGradient } from '../src/ops/linearGradient.ts'
import { rmsNorm } from '../src/ops/rmsNorm.ts'
import { execute, stateTensor, upload } from '../src/tensor/execute.ts'
import type { Pass } from '../src/tensor/pass.ts'
import type { Tensor } from '../src/tensor/tensor.ts'
import { blockSize, type Weight, weightBytes } from '../src/tensor/weight.ts'

/** One kernel at one shape: what it costs at least, how to run it, and what some of its results must be. */
export interface KernelCase {
  name: string
  shape: string
  flops: number
  bytes: number
  run: (pass: Pass) => Tensor
  /** Index and value of a few elements. */
  expected: [at: number, value: number][]
  buffers: GPUBuffer[]
}

export const wave = (at: number) => Math.sin(0.37 * at + 0.2)

/** Values that the storage holds exactly: whole steps of a power of two, the largest in every block. */
function level(storage: Storage, row: number, col: number): number {
  const [most, step] = storage === 'q8' ? [127, 1 / 128] : [-8, 1 / 8]
  return (col % blockSize === 0 ? most : Math.round((Math.abs(most) - 1) * Math.sin(0.9 * col + row))) * step
}

const patternRows = 64

export function input(gpu: Gpu, shape: number[]): Tensor {
  const tensor = stateTensor(gpu, 'bench', shape)
  upload(
    gpu,
    tensor,
    Float32Array.from({ length: shape.reduce((a, b) => a * b, 1) }, (_, i) => wave(i)),
  )
  return tensor
}

/** A weight whose rows repeat a pattern, so that large ones are quick to make. */
async function patterned(gpu: Gpu, rows: number, cols: number, storage: Storage): Promise<Weight> {
  const weight = allocateWeight(gpu, 'bench', rows, cols, storage)
  const source = stateTensor(gpu, 'pattern', [patternRows, cols])
  upload(
    gpu,
    source,
    Float32Array.from({ length: patternRows * cols }, (_, i) => level(storage, Math.floor(i / cols), i % cols)),
  )
  await execute(gpu, 'bench weights', (pass) => {
    for (const part of weight.parts) {
      for (let row = part.firstRow; row < part.firstRow + part.rows; row += patternRows) {
        const count = Math.min(patternRows, part.firstRow + part.rows - row)
        convert(pass, { source, weight }, { dtype: 'F32', firstRow: row, rows: count })
      }
    }
  })
  gpu.memory.destroy(source.buffer)
  return weight
}

/** The row of the pattern that row `n` of a weight repeats. */
function patternRow({ parts }: Weight, n: number): number {
  return (n - parts.find((part) => n < part.firstRow + part.rows)!.firstRow) % patternRows
}

const buffersOf = ({ parts }: Weight) =>
  parts.flatMap((part) => (part.scales ? [part.weight, part.scales] : [part.weight]))

export async function linearCase(
  gpu: Gpu,
  model: string,
  rows: number,
  cols: number,
  outs: number,
  storage: Storage,
): Promise<KernelCase> {
  const x = input(gpu, [rows, cols])
  const weight = await patterned(gpu, outs, cols, storage)
  const value = (t: number, n: number) => {
    const row = patternRow(weight, n)
    let sum = 0
    for (let k = 0; k < cols; k++) sum += Math.fround(wave(t * cols + k)) * level(storage, row, k)
    return sum
  }
  const samples = [
    [0, 0],
    [rows - 1, outs - 1],
    [rows >> 1, outs >> 1],
    [0, outs - 1],
  ] as const
  return {
    name: `linear ${storage}, ${rows === 1 ? 'matrix × vector' : 'tiled'}`,
    shape: `${model}: ${rows} × ${cols} → ${outs}`,
    flops: 2 * rows * cols * outs,
    bytes: weightBytes(outs, cols, storage) + 4 * rows * (cols + outs),
    run: (pass) => linear(pass, { x, weight }),
    expected: samples.map(([t, n]) => [t * outs + n, value(t, n)]),
    buffers: [x.buffer, ...buffersOf(weight)],
  }
}

/** The gradient of `linear` by its x, through a weight of any storage. */
export async function inputGradientCase(
  gpu: Gpu,
  model: string,
  rows: number,
  cols: number,
  outs: number,
  storage: Storage,
): Promise<KernelCase> {
  const dy = input(gpu, [rows, outs])
  const weight = await patterned(gpu, outs, cols, storage)
  const value = (t: number, k: number) => {
    let sum = 0
    for (let n = 0; n < outs; n++) sum += Math.fround(wave(t * outs + n)) * level(storage, patternRow(weight, n), k)
    return sum
  }
  const samples = [
    [0, 0],
    [rows - 1, cols - 1],
    [rows >> 1, cols >> 1],
  ] as const
  return {
    name: `linear ${storage}, gradient of x`,
    shape: `${model}: ${rows} × ${outs} → ${cols}`,
    flops: 2 * rows * cols * outs,
    bytes: weightBytes(outs, cols, storage) + 4 * rows * (cols + outs),
    run: (pass) => linearInputGradient(pass, { dy, weight }),
    expected: samples.map(([t, k]) => [t * cols + k, value(t, k)]),
    buffers: [dy.buffer, ...buffersOf(weight)],
  }
}

/** The gradient of `linear` by its weight, added to zeros. `cols` is a multiple of 32. */
export function weightGradientCase(gpu: Gpu, model: string, rows: number, cols: number, outs: number): KernelCase {
  const x = input(gpu, [rows, cols])
  const dy = input(gpu, [rows, outs])
  const value = (n: number, k: number) => {
    let sum = 0
    for (let t = 0; t < rows; t++) sum += Math.fround(wave(t * outs + n)) * Math.fround(wave(t * cols + k))
    return sum
  }
  const samples = [
    [0, 0],
    [outs - 1, cols - 1],
    [outs >> 1, cols >> 1],
  ] as const
  return {
    name: 'linear, gradient of the weight',
    shape: `${model}: ${rows} × ${cols} → ${outs}`,
    flops: 2 * rows * cols * outs,
    bytes: 4 * (rows * (cols + outs) + 2 * outs * cols),
    run: (pass) => {
      const into = pass.scratch([outs, cols])
      pass.clear(into)
      linearWeightGradient(pass, { x, dy, into })
      return into
    },
    expected: samples.map(([n, k]) => [n * cols + k, value(n, k)]),
    buffers: [x.buffer, dy.buffer],
  }
}

interface AttentionShape {
  rows: number
  keys: number
  heads: number
  kvHeads: number
  width: number
}

/** Attention of `rows` queries behind `keys - rows` cached keys; without a cursor's order when all see all. */
export function attentionCase(
  gpu: Gpu,
  model: string,
  { rows, keys, heads, kvHeads, width }: AttentionShape,
  causal: boolean,
): KernelCase {
  const q = input(gpu, [rows, heads * width])
  const k = input(gpu, [keys, kvHeads * width])
  const v = input(gpu, [keys, kvHeads * width])
  const cursor = newCursor(gpu)
  upload(gpu, cursor, Uint32Array.of(keys - rows))
  const shape = { heads, kvHeads, headWidth: width }
  const seen = (t: number) => (causal ? keys - rows + t + 1 : keys)
  const pairs = Array.from({ length: rows }, (_, t) => seen(t)).reduce((a, b) => a + b, 0)
  const value = (t: number, column: number) => {
    const head = Math.floor(column / width)
    const kv = Math.floor(head / (heads / kvHeads)) * width
    const scores = Array.from({ length: seen(t) }, (_, j) => {
      let dot = 0
      for (let i = 0; i < width; i++)
        dot += wave(t * heads * width + head * width + i) * wave(j * kvHeads * width + kv + i)
      return Math.exp(dot / Math.sqrt(width))
    })
    const total = scores.reduce((a, b) => a + b, 0)
    return scores.reduce((sum, s, j) => sum + (s / total) * wave(j * kvHeads * width + kv + (column % width)), 0)
  }
  const samples = [
    [0, 0],
    [rows - 1, heads * width - 1],
    [rows >> 1, (heads * width) >> 1],
  ] as const
  return {
    name: rows === 1 ? 'attention, one query' : causal ? 'attention, causal' : 'attention, bidirectional',
    shape: `${model}: ${rows} × ${keys} keys, ${heads} heads on ${kvHeads} of ${width}`,
    flops: 4 * pairs * heads * width,
    bytes: 4 * (2 * rows * heads + 2 * keys * kvHeads) * width,
    run: (pass) =>
      rows === 1
        ? attentionRow(pass, { q, keys: k, values: v, cursor }, shape)
        : attention(pass, { q, k, v, cursor }, { ...shape, causal }),
    expected: samples.map(([t, column]) => [t * heads * width + column, value(t, column)]),
    buffers: [q, k, v, cursor].map(({ buffer }) => buffer),
  }
}

export function normCase(
  gpu: Gpu,
  model: string,
  kind: 'rmsNorm' | 'layerNorm',
  rows: number,
  width: number,
): KernelCase {
  const x = input(gpu, [rows, width])
  const gain = input(gpu, [width])
  const bias = input(gpu, [width])
  const row = Array.from({ length: width }, (_, i) => wave(i))
  const mean = kind === 'layerNorm' ? row.reduce((a, b) => a + b, 0) / width : 0
  const variance = row.reduce((sum, v) => sum + (v - mean) ** 2, 0) / width
  const value = (i: number) =>
    ((row[i]! - mean) / Math.sqrt(variance + 1e-5)) * wave(i) + (kind === 'layerNorm' ? wave(i) : 0)
  return {
    name: kind,
    shape: `${model}: ${rows} × ${width}`,
    flops: 5 * rows * width,
    bytes: 8 * rows * width,
    run: (pass) =>
      kind === 'rmsNorm'
        ? rmsNorm(pass, { x, gain }, { eps: 1e-5 })
        : layerNorm(pass, { x, gain, bias }, { eps: 1e-5 }),
    expected: [0, width >> 1, width - 1].map((i) => [i, value(i)]),
    buffers: [x, gain, bias].map(({ buffer }) => buffer),
  }
}
