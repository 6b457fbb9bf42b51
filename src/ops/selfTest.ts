import type { Gpu } from '../gpu/device.ts'
import type { Storage } from '../gpu/wgsl.ts'
import { executeAndRead, upload } from '../tensor/execute.ts'
import type { Pass } from '../tensor/pass.ts'
import type { Tensor } from '../tensor/tensor.ts'
import { attention } from './attention.ts'
import { attentionRow } from './attentionRow.ts'
import { newCursor } from './cursor.ts'
import { linear } from './linear.ts'
import { matvec } from './matvec.ts'
import { larger, prove, Samples, wave } from './proof.ts'

/** What a model is about to use; the kernels that the test compiles are the model's own. */
export interface SelfTestPlan {
  /** Storages of weights that many rows meet, and of those that a single row meets. */
  linear: readonly Storage[]
  matvec: readonly Storage[]
  headWidths: readonly number[]
}

const rows = 17
const cols = 64
const outs = 40
const keys = 19

/**
 * Proves on the device the kernels that a model is about to use, against plain arithmetic on the CPU. A fast path that is wrong is
 * put back to the plain one; throws `wrong-result` when that is wrong too, so that a broken driver cannot answer nonsense.
 */
export async function selfTest(gpu: Gpu, { headWidths, ...storages }: SelfTestPlan): Promise<void> {
  for (const op of ['linear', 'matvec'] as const) {
    for (const storage of storages[op])
      await prove(gpu, [op], `${op} in ${storage}`, () => linearError(gpu, op, storage))
  }
  for (const width of headWidths)
    await prove(gpu, ['attention'], `attention of width ${width}`, () => attentionError(gpu, width))
}

async function linearError(gpu: Gpu, op: 'linear' | 'matvec', storage: Storage): Promise<number> {
  const values = wave(rows * cols, 0.37)
  const samples = new Samples(gpu)
  const { weight, matrix } = await samples.weight(storage, outs, cols)
  const x = samples.put([rows, cols], values)
  const gain = samples.put([cols], new Float32Array(cols).fill(1))
  const { y } = await executeAndRead(gpu, `self-test ${op}`, (pass) => ({
    y: op === 'linear' ? linear(pass, { x, weight }) : matvec(pass, { x: firstRow(pass, x), weight, gain }, { eps: 0 }),
  }))
  samples.dispose()
  const norm = op === 'linear' ? 1 : Math.sqrt(values.slice(0, cols).reduce((sum, v) => sum + v * v, 0) / cols)
  let worst = 0
  for (let r = 0; r < (op === 'linear' ? rows : 1); r++) {
    for (let n = 0; n < outs; n++) {
      let sum = 0
      for (let k = 0; k < cols; k++) sum += values[r * cols + k]! * matrix[n * cols + k]!
      worst = larger(worst, y[r * outs + n]! - sum / norm)
    }
  }
  return worst
}

async function attentionError(gpu: Gpu, width: number): Promise<number> {
  const q = wave(2 * width, 0.9).map((v) => 3 * v)
  const k = wave(keys * width, 0.51).map((v) => 2 * v - 3)
  const v = wave(keys * width, 0.23)
  const samples = new Samples(gpu)
  const qTensor = samples.put([2, width], q)
  const kTensor = samples.put([keys, width], k)
  const vTensor = samples.put([keys, width], v)
  const cursor = newCursor(gpu)
  upload(gpu, cursor, Uint32Array.of(keys - 2))
  const shape = { heads: 1, kvHeads: 1, headWidth: width }
  const { many, one } = await executeAndRead(gpu, 'self-test attention', (pass) => ({
    many: attention(pass, { q: qTensor, k: kTensor, v: vTensor, cursor }, { ...shape, causal: true }),
    one: attentionRow(pass, { q: firstRow(pass, qTensor), keys: kTensor, values: vTensor, cursor }, shape),
  }))
  samples.dispose()
  gpu.memory.destroy(cursor.buffer)
  let worst = 0
  for (let t = 0; t < 2; t++) {
    const want = attended(q.slice(t * width, (t + 1) * width), k, v, keys - 1 + t)
    want.forEach((value, i) => {
      worst = larger(worst, many[t * width + i]! - value)
      if (t === 0) worst = larger(worst, one[i]! - value)
    })
  }
  return worst
}

function attended(q: Float32Array, k: Float32Array, v: Float32Array, count: number): number[] {
  const width = q.length
  const scores = Array.from(
    { length: count },
    (_, j) => q.reduce((sum, value, i) => sum + value * k[j * width + i]!, 0) / Math.sqrt(width),
  )
  const most = Math.max(...scores)
  const weights = scores.map((score) => Math.exp(score - most))
  const total = weights.reduce((sum, w) => sum + w, 0)
  return Array.from(q, (_, i) => weights.reduce((sum, w, j) => sum + w * v[j * width + i]!, 0) / total)
}

function firstRow(pass: Pass, x: Tensor): Tensor {
  const row = pass.scratch([1, x.shape[1]!])
  pass.copy(x, row, 4 * x.shape[1]!)
  return row
}
