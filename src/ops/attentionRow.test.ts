import { describe } from 'vitest'
import type { Path } from '../gpu/device.ts'
import { upload } from '../tensor/execute.ts'
import { attentionReference } from '../testing/attention.ts'
import { checkOp, type OpCheck } from '../testing/checkOp.ts'
import { hardNumbers } from '../testing/hardNumbers.ts'
import { testGpu } from '../testing/testGpu.ts'
import { attentionRow } from './attentionRow.ts'
import { newCursor } from './cursor.ts'

const gpu = await testGpu()
const paths: Path[] = gpu.abilities.shuffle ? ['plain', 'shuffled'] : ['plain']

type Case = { heads: number; kvHeads: number; headWidth: number; position: number; capacity: number; path: Path }

const check = {
  inputs: ({ heads, kvHeads, headWidth, capacity }: Case) => ({
    q: { shape: [1, heads * headWidth], activation: true },
    keys: { shape: [capacity, kvHeads * headWidth], activation: true },
    values: { shape: [capacity, kvHeads * headWidth], activation: true },
  }),
  run: (pass, { q, keys, values }, c) => {
    const cursor = newCursor(pass.gpu)
    upload(pass.gpu, cursor, Uint32Array.of(c.position))
    return { y: attentionRow(pass, { q: q!, keys: keys!, values: values!, cursor }, c) }
  },
  reference: ({ q, keys, values }, c) => {
    const stride = c.kvHeads * c.headWidth
    const operands = {
      q: { values: q!, stride: 0, offset: 0 },
      k: { values: keys!, stride, offset: 0 },
      v: { values: values!, stride, offset: 0 },
    }
    return { y: attentionReference(operands, { ...c, rows: 1 }, () => c.position + 1).y }
  },
} satisfies Partial<OpCheck<Case>>

const onAllPaths = (cases: Omit<Case, 'path'>[]) => cases.flatMap((c) => paths.map((path) => ({ ...c, path })))

describe('attentionRow', () => {
  checkOp('attentionRow', {
    ...check,
    cases: onAllPaths([
      { heads: 1, kvHeads: 1, headWidth: 1, position: 0, capacity: 1 },
      { heads: 7, kvHeads: 1, headWidth: 7, position: 2, capacity: 9 },
      { heads: 4, kvHeads: 2, headWidth: 64, position: 149, capacity: 200 },
      { heads: 4, kvHeads: 2, headWidth: 36, position: 255, capacity: 256 },
      { heads: 2, kvHeads: 2, headWidth: 256, position: 256, capacity: 300 },
      { heads: 14, kvHeads: 2, headWidth: 16, position: 700, capacity: 701 },
      { heads: 2, kvHeads: 1, headWidth: 128, position: 65, capacity: 66 },
    ]),
    tolerance: { f32: 2e-5, f16: 4e-3 },
    peak: 10,
  })

  checkOp('attentionRow with all scores near -200', {
    ...check,
    cases: onAllPaths([{ heads: 4, kvHeads: 2, headWidth: 64, position: 20, capacity: 30 }]),
    hardness: ['mixed'],
    values: {
      q: (count) => hardNumbers(count, 'negative', 1).map((value) => -8 * value),
      keys: (count) => hardNumbers(count, 'negative', 2),
    },
    tolerance: { f32: 1e-4, f16: 4e-3 },
  })
})
