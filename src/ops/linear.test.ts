import { describe, expect, it } from 'vitest'
import type { Path } from '../gpu/device.ts'
import type { Storage } from '../gpu/wgsl.ts'
import { execute, executeAndRead, stateTensor } from '../tensor/execute.ts'
import { checkOp, expectClose } from '../testing/checkOp.ts'
import { hardNumbers } from '../testing/hardNumbers.ts'
import { returnWeight, type StoredMatrix, storeMatrix, uploadWeight } from '../testing/referenceWeight.ts'
import { testGpu } from '../testing/testGpu.ts'
import { linear } from './linear.ts'
import { matvec } from './matvec.ts'

const gpu = await testGpu()
const storages: Storage[] = ['f32', 'f16', 'q8', 'q4']
const paths: Path[] = gpu.abilities.shuffle ? ['plain', 'shuffled'] : ['plain']

function stored(outs: number, cols: number, storage: Storage): StoredMatrix {
  return storeMatrix(hardNumbers(outs * cols, 'mixed', 7), outs, cols, storage)
}

function product(x: Float64Array, w: Float64Array, rows: number, outs: number, cols: number): Float64Array {
  const y = new Float64Array(rows * outs)
  for (let r = 0; r < rows; r++) {
    for (let n = 0; n < outs; n++) {
      let sum = 0
      for (let k = 0; k < cols; k++) sum += x[r * cols + k]! * w[n * cols + k]!
      y[r * outs + n] = sum
    }
  }
  return y
}

const shapes = [
  { rows: 1, cols: 1, outs: 1 },
  { rows: 3, cols: 7, outs: 5 },
  { rows: 17, cols: 21, outs: 33 },
  { rows: 1, cols: 172, outs: 64 },
  { rows: 65, cols: 64, outs: 100 },
  { rows: 1, cols: 100, outs: 130 },
  { rows: 2, cols: 1152, outs: 66 },
]

describe('linear', () => {
  checkOp('linear', {
    cases: shapes.flatMap((shape) => storages.flatMap((storage) => paths.map((path) => ({ ...shape, storage, path })))),
    inputs: ({ rows, cols, outs }) => ({
      x: { shape: [rows, cols], activation: true },
      bias: { shape: [outs] },
      residual: { shape: [rows, outs], activation: true },
    }),
    run: (pass, { x, bias, residual }, { cols, outs, storage, path }) => {
      const weight = uploadWeight(gpu, stored(outs, cols, storage), outs, cols, storage, Math.ceil(outs / 2))
      const y = linear(pass, { x: x!, weight, bias, residual }, { path })
      const plain = linear(pass, { x: x!, weight }, { path, activation: 'relu' })
      returnWeight(gpu, weight)
      return { y, plain }
    },
    reference: ({ x, bias, residual }, { rows, cols, outs, storage }) => {
      const plain = product(x!, stored(outs, cols, storage).values, rows, outs, cols)
      return { y: plain.map((v, i) => v + bias![i % outs]! + residual![i]!), plain: plain.map((v) => Math.max(0, v)) }
    },
  })

  it('names both sides of a wrong width', async () => {
    const weight = uploadWeight(gpu, stored(8, 64, 'f32'), 8, 64, 'f32')
    const x = stateTensor(gpu, 'x', [3, 48])
    await expect(execute(gpu, 'wrong', (pass) => void linear(pass, { x, weight }))).rejects.toThrow(
      'linear: weight [8,64] expects rows of 64, x [3,48] has 48',
    )
  })
})

describe('matvec', () => {
  const plain = [1, 16].map((lanes) => ({ path: 'plain' as const, lanes: lanes as 1 | 16 }))
  const ways = gpu.abilities.shuffle ? [...plain, { path: 'shuffled' as const }] : plain
  for (const way of ways) {
    for (const storage of storages) {
      for (const [cols, half] of [
        [7, 3],
        [172, 64],
        [256, 40],
      ] as const) {
        it(`norm and gate fused, ${storage} ${Object.values(way).join(' ')} ${cols} → ${half}`, async () => {
          const matrix = stored(2 * half, cols, storage)
          const weight = uploadWeight(gpu, matrix, 2 * half, cols, storage)
          const x = hardNumbers(cols, 'mixed', 1)
          const gain = hardNumbers(cols, 'mixed', 2)
          const [xTensor, gainTensor] = [stateTensor(gpu, 'x', [1, cols]), stateTensor(gpu, 'gain', [cols])]
          gpu.device.queue.writeBuffer(xTensor.buffer, 0, x as Float32Array<ArrayBuffer>)
          gpu.device.queue.writeBuffer(gainTensor.buffer, 0, gain as Float32Array<ArrayBuffer>)
          const { y } = await executeAndRead(gpu, 'gated', (pass) => ({
            y: matvec(
              pass,
              { x: xTensor, weight, gain: gainTensor },
              { eps: 1e-5, gated: true, activation: 'silu', ...way },
            ),
          }))
          const mean = x.reduce((sum, v) => sum + v * v, 0) / cols
          const normed = Float64Array.from(x, (v, i) => (v * gain[i]!) / Math.sqrt(mean + 1e-5))
          const both = product(normed, matrix.values, 1, 2 * half, cols)
          const want = both.slice(0, half).map((g, i) => (g / (1 + Math.exp(-g))) * both[half + i]!)
          expectClose('gated', y, want, 2e-5)
          returnWeight(gpu, weight)
        })
      }
    }
  }
})
