import { describe, expect, it } from 'vitest'
import type { Path } from '../gpu/device.ts'
import type { Storage } from '../gpu/wgsl.ts'
import { execute, executeAndRead, stateTensor, upload } from '../tensor/execute.ts'
import { Tape } from '../tensor/tape.ts'
import type { Tensor } from '../tensor/tensor.ts'
import { blockSize, blocksOf } from '../tensor/weight.ts'
import { checkGradients, sums } from '../testing/checkGradients.ts'
import { checkOp } from '../testing/checkOp.ts'
import { hardNumbers } from '../testing/hardNumbers.ts'
import { returnWeight, type StoredMatrix, storeMatrix, uploadWeight } from '../testing/referenceWeight.ts'
import { testGpu } from '../testing/testGpu.ts'
import { linear } from './linear.ts'
import { linearInputGradient, linearWeightGradient } from './linearGradient.ts'

const gpu = await testGpu()
const storages: Storage[] = ['f32', 'f16', 'q8', 'q4']
const paths: Path[] = gpu.abilities.shuffle ? ['plain', 'shuffled'] : ['plain']

const shapes = [
  { rows: 1, cols: 1, outs: 1 },
  { rows: 3, cols: 7, outs: 5 },
  { rows: 17, cols: 21, outs: 33 },
  { rows: 65, cols: 64, outs: 100 },
  { rows: 1, cols: 100, outs: 130 },
  { rows: 2, cols: 1152, outs: 66 },
  { rows: 9, cols: 66, outs: 1152 },
]

const known = new Map<string, StoredMatrix>()

function stored(outs: number, cols: number, storage: Storage): StoredMatrix {
  const key = `${outs} ${cols} ${storage}`
  const matrix = known.get(key) ?? storeMatrix(hardNumbers(outs * cols, 'mixed', 7), outs, cols, storage)
  known.set(key, matrix)
  return matrix
}

/** A gradient's row-major matrix, its rows padded with zeros to whole blocks. */
function padded(rows: number, cols: number, value: (row: number, col: number) => number): Float64Array {
  const width = blockSize * blocksOf(cols)
  return Float64Array.from({ length: rows * width }, (_, i) =>
    i % width < cols ? value(Math.floor(i / width), i % width) : 0,
  )
}

describe('linearInputGradient', () => {
  const parts = [1, 2, 3]
  checkOp('linearInputGradient', {
    cases: shapes.flatMap((shape) =>
      storages.flatMap((storage, i) => paths.map((path) => ({ ...shape, storage, path, parts: parts[i % 3]! }))),
    ),
    inputs: ({ rows, outs }) => ({ dy: { shape: [rows, outs], activation: true } }),
    run: (pass, { dy }, { cols, outs, storage, path, parts }) => {
      const weight = uploadWeight(gpu, stored(outs, cols, storage), outs, cols, storage, Math.ceil(outs / parts))
      const dx = linearInputGradient(pass, { dy: dy!, weight }, { path })
      returnWeight(gpu, weight)
      return { dx }
    },
    reference: ({ dy }, { rows, cols, outs, storage }) => {
      const { values } = stored(outs, cols, storage)
      const dx = new Float64Array(rows * cols)
      for (let t = 0; t < rows; t++)
        for (let n = 0; n < outs; n++)
          for (let k = 0; k < cols; k++) dx[t * cols + k]! += dy![t * outs + n]! * values[n * cols + k]!
      return { dx }
    },
  })

  it('names both sides of a wrong width', async () => {
    const weight = uploadWeight(gpu, stored(8, 64, 'f32'), 8, 64, 'f32')
    const dy = stateTensor(gpu, 'dy', [3, 48])
    await expect(execute(gpu, 'wrong', (pass) => void linearInputGradient(pass, { dy, weight }))).rejects.toThrow(
      'linearInputGradient: weight [8,64] gives rows of 8, dy [3,48] has 48',
    )
  })
})

describe('linearWeightGradient', () => {
  checkOp('linearWeightGradient', {
    cases: shapes.flatMap((shape) => paths.map((path) => ({ ...shape, path }))),
    inputs: ({ rows, cols, outs }) => ({
      x: { shape: [rows, cols], activation: true },
      dy: { shape: [rows, outs], activation: true },
    }),
    run: (pass, { x, dy }, { cols, outs, path }) => {
      const into = pass.scratch([outs, blockSize * blocksOf(cols)])
      pass.clear(into)
      linearWeightGradient(pass, { x: x!, dy: dy!, into }, { path })
      linearWeightGradient(pass, { x: x!, dy: dy!, into }, { path })
      return { into }
    },
    reference: ({ x, dy }, { rows, cols, outs }) => ({
      into: padded(outs, cols, (n, k) => {
        let sum = 0
        for (let t = 0; t < rows; t++) sum += dy![t * outs + n]! * x![t * cols + k]!
        return 2 * sum
      }),
    }),
  })
})

describe('the gradients that linear records', () => {
  const cases = [
    { rows: 1, cols: 7, outs: 5, activation: false },
    { rows: 3, cols: 33, outs: 6, activation: false },
    { rows: 3, cols: 20, outs: 9, activation: true },
  ]
  const frozen = new Map(
    cases.map(({ cols, outs }) => [outs, uploadWeight(gpu, stored(outs, cols, 'q8'), outs, cols, 'q8')]),
  )
  checkGradients('linear', {
    cases,
    inputs: ({ rows, cols, outs }) => ({
      x: { shape: [rows, cols], activation: true },
      bias: { shape: [outs] },
      residual: { shape: [rows, outs], activation: true },
    }),
    peak: 100,
    wrt: ['x', 'residual'],
    parameters: ['bias'],
    run: (pass, { x, bias, residual }, { outs, activation }) =>
      linear(pass, { x: x!, weight: frozen.get(outs)!, bias, residual }, { activation: activation ? 'silu' : 'none' }),
    reference: ({ x, bias, residual }, { cols, outs, activation }) => {
      const { values } = stored(outs, cols, 'q8')
      const y = residual!.map((r, i) => {
        let sum = bias![i % outs]!
        for (let k = 0; k < cols; k++) sum += x![Math.floor(i / outs) * cols + k]! * values[(i % outs) * cols + k]!
        return r + (activation ? sum / (1 + Math.exp(-sum)) : sum)
      })
      return { y }
    },
  })

  /** Weight and its gradient after a backward pass over linear(x, weight) with dy = 1. */
  async function trained(storage: Storage, parts: number) {
    const [rows, cols, outs] = [3, 20, 6]
    const weight = uploadWeight(gpu, stored(outs, cols, storage), outs, cols, storage, Math.ceil(outs / parts))
    const x = stateTensor(gpu, 'x', [rows, cols])
    const dy = stateTensor(gpu, 'dy', [rows, outs])
    const into: Tensor = stateTensor(gpu, 'into', [outs, blockSize])
    upload(gpu, x, hardNumbers(rows * cols, 'mixed', 1))
    upload(gpu, dy, new Float32Array(rows * outs).fill(1))
    const read = await executeAndRead(gpu, 'trained', (pass) => {
      const tape = new Tape(new Map([[weight, into]]), sums)
      pass.tape = tape
      tape.backward(pass, linear(pass, { x, weight }), dy)
      return { into }
    })
    return { read, x: hardNumbers(rows * cols, 'mixed', 1) }
  }

  it('adds a weight’s to what is there', async () => {
    const { read, x } = await trained('f32', 1)
    const want = x[3]! + x[23]! + x[43]!
    expect(read.into[5 * 32 + 3]).toBeCloseTo(want, 5)
    expect(Array.from(read.into.slice(20, 32))).toEqual(new Array(12).fill(0))
  })

  it('refuses to train a quantized or divided weight', async () => {
    await expect(trained('q4', 1)).rejects.toThrow('only weights of storage f32 in one part can be trained')
    await expect(trained('f32', 2)).rejects.toThrow('weight [6,20] is f32 in 2')
  })
})
