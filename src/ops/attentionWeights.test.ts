import { describe, expect, it } from 'vitest'
import { Pass } from '../tensor/pass.ts'
import type { Tensor } from '../tensor/tensor.ts'
import { checkOp, type OpCheck } from '../testing/checkOp.ts'
import { hardNumbers } from '../testing/hardNumbers.ts'
import { testGpu } from '../testing/testGpu.ts'
import { attentionWeights } from './attentionWeights.ts'

const gpu = await testGpu()

type Case = {
  rows: number
  first: number
  count: number
  keys: number
  heads: number
  kvHeads: number
  headWidth: number
  /** Position of row 0 among the keys, or -1 where every row sees all of them. */
  position: number
  /** Columns of q and k before their first heads. */
  before: number
}

/** Every third key, and the last one. */
const columnsOf = ({ keys }: Case) =>
  Uint32Array.from([...Array.from({ length: Math.ceil(keys / 3) }, (_, i) => 3 * i), keys - 1])

const widthOf = (c: Case, heads: number) => c.before + heads * c.headWidth + c.before

const weigh = (pass: Pass, { q, k }: Record<string, Tensor>, c: Case) => {
  const numbers = columnsOf(c)
  const columns = pass.scratch([numbers.length], 'u32')
  pass.gpu.device.queue.writeBuffer(columns.buffer, 0, numbers)
  return attentionWeights(
    pass,
    { q: q!, k: k!, columns },
    {
      ...c,
      rows: { first: c.first, count: c.count },
      causal: c.position < 0 ? undefined : { position: c.position },
      offsets: { q: c.before, k: c.before },
    },
  )
}

const check = {
  inputs: (c: Case) => ({
    q: { shape: [c.rows, widthOf(c, c.heads)], activation: true },
    k: { shape: [c.keys, widthOf(c, c.kvHeads)], activation: true },
  }),
  run: (pass, tensors, c) => ({ y: weigh(pass, tensors, c) }),
  reference: ({ q, k }, c) => {
    const columns = columnsOf(c)
    const y = new Float64Array(c.count * c.heads * columns.length)
    for (let r = 0; r < c.count; r++)
      for (let h = 0; h < c.heads; h++) {
        const t = c.first + r
        const seen = c.position < 0 ? c.keys : Math.min(c.keys, c.position + t + 1)
        const g = Math.floor((h * c.kvHeads) / c.heads)
        const scores = Array.from({ length: seen }, (_, j) => {
          let dot = 0
          for (let d = 0; d < c.headWidth; d++)
            dot +=
              q![t * widthOf(c, c.heads) + c.before + h * c.headWidth + d]! *
              k![j * widthOf(c, c.kvHeads) + c.before + g * c.headWidth + d]!
          return dot / Math.sqrt(c.headWidth)
        })
        const largest = Math.max(...scores)
        const sum = scores.reduce((total, score) => total + Math.exp(score - largest), 0)
        columns.forEach((j, s) => {
          const weight = j < seen ? Math.exp(scores[j]! - largest) / sum : 0
          y[(r * c.heads + h) * columns.length + s] = weight
        })
      }
    return { y }
  },
} satisfies Partial<OpCheck<Case>>

describe('attentionWeights', () => {
  checkOp('attentionWeights', {
    ...check,
    cases: [
      { rows: 1, first: 0, count: 1, keys: 1, heads: 1, kvHeads: 1, headWidth: 1, position: 0, before: 0 },
      { rows: 3, first: 1, count: 2, keys: 7, heads: 7, kvHeads: 1, headWidth: 7, position: 2, before: 3 },
      { rows: 10, first: 4, count: 6, keys: 200, heads: 4, kvHeads: 2, headWidth: 64, position: 130, before: 0 },
      { rows: 5, first: 0, count: 5, keys: 100, heads: 2, kvHeads: 2, headWidth: 36, position: -1, before: 8 },
      { rows: 2, first: 1, count: 1, keys: 1152, heads: 2, kvHeads: 1, headWidth: 128, position: -1, before: 4 },
      { rows: 70, first: 0, count: 70, keys: 70, heads: 3, kvHeads: 3, headWidth: 10, position: 0, before: 0 },
    ],
    tolerance: { f32: 2e-5, f16: 4e-3 },
    peak: 10,
  })

  checkOp('attentionWeights with all scores near -200', {
    ...check,
    cases: [{ rows: 2, first: 0, count: 2, keys: 90, heads: 4, kvHeads: 2, headWidth: 64, position: 60, before: 0 }],
    hardness: ['mixed'],
    values: {
      q: (count) => hardNumbers(count, 'negative', 1).map((value) => -8 * value),
      k: (count) => hardNumbers(count, 'negative', 2),
    },
    tolerance: { f32: 1e-4, f16: 4e-3 },
  })

  it('refuses heads, widths and rows that do not fit', () => {
    const pass = new Pass(gpu, 'refused')
    const [q, k] = [pass.scratch([4, 32]), pass.scratch([9, 16])]
    const columns = pass.scratch([2], 'u32')
    const fits = { rows: { first: 0, count: 4 }, heads: 2, kvHeads: 1, headWidth: 16 }
    const run = (changed: Partial<typeof fits>) => () =>
      attentionWeights(pass, { q, k, columns }, { ...fits, ...changed })
    expect(run({ heads: 3, kvHeads: 2 })).toThrow('3 heads do not fall evenly on 2')
    expect(run({ heads: 3, kvHeads: 1 })).toThrow('q [4,32] has width 32, 3 heads of 16')
    expect(run({ kvHeads: 2 })).toThrow('k [9,16] has width 16, 2 heads of 16')
    expect(run({ rows: { first: 2, count: 3 } })).toThrow('rows 2 to 5 are wanted, q [4,32] has 4')
    pass.end()
  })
})
