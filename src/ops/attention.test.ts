import { describe, expect, it } from 'vitest'
import type { Path } from '../gpu/device.ts'
import { executeAndRead, stateTensor, upload } from '../tensor/execute.ts'
import type { Pass } from '../tensor/pass.ts'
import type { Tensor } from '../tensor/tensor.ts'
import { attentionReference } from '../testing/attention.ts'
import { checkOp, expectClose } from '../testing/checkOp.ts'
import { hardNumbers } from '../testing/hardNumbers.ts'
import { testGpu } from '../testing/testGpu.ts'
import { attention } from './attention.ts'
import { newCursor } from './cursor.ts'

/** Scores up to hundreds, so that the softmax is one-hot or nearly: their rounding is a relative error of the weights. */
const tolerance = { f32: 2e-5, f16: 4e-3 }
const peak = 10
const gpu = await testGpu()
const paths: Path[] = gpu.abilities.shuffle ? ['plain', 'shuffled'] : ['plain']

describe('attention', () => {
  checkOp('causal attention on caches', {
    cases: [
      { rows: 1, heads: 1, kvHeads: 1, headWidth: 1, position: 0, capacity: 1 },
      { rows: 3, heads: 2, kvHeads: 1, headWidth: 7, position: 5, capacity: 20 },
      { rows: 20, heads: 4, kvHeads: 2, headWidth: 36, position: 0, capacity: 20 },
      { rows: 17, heads: 7, kvHeads: 1, headWidth: 36, position: 60, capacity: 90 },
      { rows: 88, heads: 4, kvHeads: 2, headWidth: 64, position: 0, capacity: 128 },
      { rows: 5, heads: 3, kvHeads: 3, headWidth: 128, position: 200, capacity: 205 },
      { rows: 2, heads: 2, kvHeads: 2, headWidth: 256, position: 3, capacity: 70 },
    ].flatMap((c) => paths.map((path) => ({ ...c, path }))),
    inputs: ({ rows, heads, kvHeads, headWidth, capacity }) => ({
      q: { shape: [rows, heads * headWidth], activation: true },
      k: { shape: [capacity, kvHeads * headWidth], activation: true },
      v: { shape: [capacity, kvHeads * headWidth], activation: true },
    }),
    run: (pass, { q, k, v }, c) => {
      const statistics = pass.scratch([c.rows, c.heads])
      const inputs = { q: q!, k: k!, v: v!, cursor: cursorAt(pass, c.position), statistics }
      return { y: attention(pass, inputs, { ...c, causal: true }), statistics }
    },
    reference: ({ q, k, v }, c) => {
      const stride = c.kvHeads * c.headWidth
      const operands = {
        q: { values: q!, stride: c.heads * c.headWidth, offset: 0 },
        k: { values: k!, stride, offset: 0 },
        v: { values: v!, stride, offset: 0 },
      }
      return attentionReference(operands, c, (t) => c.position + t + 1)
    },
    tolerance,
    peak,
  })

  checkOp('attention with all scores near -200', {
    cases: paths.map((path) => ({ rows: 6, heads: 2, kvHeads: 2, headWidth: 64, path })),
    hardness: ['mixed'],
    inputs: ({ rows, heads, headWidth }) => {
      const input = { shape: [rows, heads * headWidth], activation: true }
      return { q: input, k: input, v: input }
    },
    values: {
      q: (count) => hardNumbers(count, 'negative', 1).map((value) => -8 * value),
      k: (count) => hardNumbers(count, 'negative', 2),
    },
    run: (pass, { q, k, v }, c) => {
      const statistics = pass.scratch([c.rows, c.heads])
      const inputs = { q: q!, k: k!, v: v!, cursor: cursorAt(pass, 0), statistics }
      return { y: attention(pass, inputs, { ...c, causal: true }), statistics }
    },
    reference: ({ q, k, v }, c) => {
      const operand = (values: Float64Array) => ({ values, stride: c.heads * c.headWidth, offset: 0 })
      return attentionReference({ q: operand(q!), k: operand(k!), v: operand(v!) }, c, (t) => t + 1)
    },
    tolerance: { f32: 1e-4, f16: 4e-3 },
  })

  checkOp('attention over fused qkv', {
    cases: [
      { rows: 1, heads: 1, headWidth: 3 },
      { rows: 10, heads: 3, headWidth: 7 },
      { rows: 70, heads: 6, headWidth: 32 },
      { rows: 33, heads: 2, headWidth: 72 },
    ].flatMap((c) => paths.map((path) => ({ ...c, path }))),
    inputs: ({ rows, heads, headWidth }) => ({ qkv: { shape: [rows, 3 * heads * headWidth], activation: true } }),
    run: (pass, { qkv }, c) => {
      const width = c.heads * c.headWidth
      const options = { ...c, kvHeads: c.heads, causal: false, offsets: { q: 0, k: width, v: 2 * width } }
      return { y: attention(pass, { q: qkv!, k: qkv!, v: qkv! }, options) }
    },
    reference: ({ qkv }, c) => {
      const width = c.heads * c.headWidth
      const operand = (offset: number) => ({ values: qkv!, stride: 3 * width, offset })
      const operands = { q: operand(0), k: operand(width), v: operand(2 * width) }
      return { y: attentionReference(operands, { ...c, kvHeads: c.heads }, () => c.rows).y }
    },
    tolerance,
    peak,
  })

  it.each(paths)('keeps images apart: %s', async (path) => {
    const [rows, heads, headWidth] = [5, 2, 8]
    const values = hardNumbers(2 * rows * 3 * heads * headWidth, 'mixed', 3)
    const width = heads * headWidth
    const options = { heads, kvHeads: heads, headWidth, causal: false, offsets: { q: 0, k: width, v: 2 * width }, path }
    const run = async (part: Float32Array, images: number) => {
      const qkv = stateTensor(gpu, 'qkv', [part.length / (3 * width), 3 * width])
      upload(gpu, qkv, part)
      const { y } = await executeAndRead(gpu, 'attention', (pass) => ({
        y: attention(pass, { q: qkv, k: qkv, v: qkv }, { ...options, images }),
      }))
      return y
    }
    const half = values.length / 2
    const alone = [...(await run(values.subarray(0, half), 1)), ...(await run(values.subarray(half), 1))]
    expectClose('together', await run(values, 2), alone, 0)
  })

  it('says what does not fit', () => {
    const tensor = (shape: number[]) => ({ shape, type: 'f32' }) as unknown as Tensor
    const [q, k, v] = [tensor([4, 24]), tensor([9, 16]), tensor([9, 16])]
    const run = (heads: number, headWidth: number) => () =>
      attention({ gpu } as Pass, { q, k, v }, { heads, kvHeads: 2, headWidth, causal: false })
    expect(run(3, 8)).toThrow('3 heads do not fall evenly on 2 heads of keys and values')
    expect(run(4, 8)).toThrow('q [4,24] has width 24, 4 heads of 8 from column 0 on need more')
    expect(run(2, 300)).toThrow('a head may be 1 to 256 wide, found 300')
  })
})

function cursorAt(pass: Pass, position: number): Tensor {
  const cursor = newCursor(pass.gpu)
  upload(pass.gpu, cursor, Uint32Array.of(position))
  return cursor
}
