import { describe, expect, it } from 'vitest'
import { executeAndRead, stateTensor, upload } from '../tensor/execute.ts'
import { checkOp } from '../testing/checkOp.ts'
import { hardNumbers, seeded } from '../testing/hardNumbers.ts'
import { testGpu } from '../testing/testGpu.ts'
import { crossEntropy } from './crossEntropy.ts'

const ignored = -100 >>> 0
const scale = 0.125

/** Labels that go through the vocabulary from its last to its first id, every third one ignored. */
function labelsOf(rows: number, width: number): Uint32Array {
  const random = seeded(rows + width)
  return Uint32Array.from({ length: rows }, (_, r) => {
    if (r % 3 === 1) return ignored
    return r === 0 ? width - 1 : r === 2 ? 0 : Math.floor(random() * width)
  })
}

/** Loss, hit and gradient of a row in f64; nothing where the label is ignored. */
function ofRow(row: Float64Array, label: number) {
  if (label === ignored) return { loss: 0, hit: 0, gradient: row.map(() => 0) }
  const top = row.reduce((a, b) => Math.max(a, b))
  const sum = row.reduce((total, x) => total + Math.exp(x - top), 0)
  const gradient = row.map((x, v) => (Math.exp(x - top) / sum - Number(v === label)) * scale)
  return { loss: Math.log(sum) + top - row[label]!, hit: Number(row.indexOf(top) === label), gradient }
}

async function lossesOf(rows: number[][], labels: number[], gradient = true) {
  const gpu = await testGpu()
  const logits = stateTensor(gpu, 'logits', [rows.length, rows[0]!.length])
  const wanted = stateTensor(gpu, 'labels', [rows.length], 'u32')
  upload(gpu, logits, Float32Array.from(rows.flat()))
  upload(gpu, wanted, Uint32Array.from(labels))
  const { losses, hits, after } = await executeAndRead(gpu, 'crossEntropy', (pass) => ({
    ...crossEntropy(pass, { logits, labels: wanted }, { scale, gradient }),
    after: logits,
  }))
  return { losses: [...losses], hits: [...hits], after: [...after] }
}

describe('crossEntropy', () => {
  checkOp('crossEntropy', {
    cases: [
      { rows: 1, width: 1 },
      { rows: 3, width: 7 },
      { rows: 2, width: 64 },
      { rows: 19, width: 100 },
      { rows: 9, width: 1308 },
      { rows: 1, width: 152_000 },
      { rows: 2, width: 151_999 },
    ],
    inputs: ({ rows, width }) => ({ logits: { shape: [rows, width] } }),
    run: (pass, { logits }, { rows, width }) => {
      const labels = stateTensor(pass.gpu, 'labels', [rows], 'u32')
      upload(pass.gpu, labels, labelsOf(rows, width))
      const y = crossEntropy(pass, { logits: logits!, labels }, { scale, gradient: true })
      return { ...y, gradient: logits! }
    },
    reference: ({ logits }, { rows, width }) => {
      const labels = labelsOf(rows, width)
      const found = [...labels].map((label, r) => ofRow(logits!.subarray(r * width, (r + 1) * width), label))
      return {
        losses: Float64Array.from(found, ({ loss }) => loss),
        hits: Float64Array.from(found, ({ hit }) => hit),
        gradient: Float64Array.from(
          { length: rows * width },
          (_, i) => found[Math.floor(i / width)]!.gradient[i % width]!,
        ),
      }
    },
    activations: ['f32'],
  })

  it('agrees with central differences of the loss', async () => {
    const width = 21
    const row = Float64Array.from(hardNumbers(width, 'mixed', 3))
    const { after } = await lossesOf([[...row], [...row]], [4, ignored])
    for (let v = 0; v < width; v++) {
      const at = (step: number) =>
        ofRow(
          row.map((x, i) => (i === v ? x + step : x)),
          4,
        ).loss
      expect(after[v]).toBeCloseTo((scale * (at(1e-5) - at(-1e-5))) / 2e-5, 6)
    }
    expect(after.slice(width)).toEqual(new Array(width).fill(0))
  })

  it('leaves the logits alone where no gradient is wanted', async () => {
    const rows = [
      [1, 2, 3, 4],
      [5, 6, 7, 8],
    ]
    expect((await lossesOf(rows, [0, 3], false)).after).toEqual(rows.flat())
  })

  for (const width of [8, 9]) {
    const row = (...values: number[]) => [...values, ...new Array<number>(width - values.length).fill(-1)]

    it(`takes the lowest id of equals for the most probable, ${width} wide`, async () => {
      const rows = [row(3, 3, 2), row(3, 3, 2), row(2, 3, 3), row(2, 3, 3), row(-2, -2, -2), row(0, -0)]
      const { hits } = await lossesOf(rows, [0, 1, 1, 2, 3, 1])
      expect(hits).toEqual([1, 0, 1, 0, 1, 0])
    })

    it(`is exact far from 0, ${width} wide`, async () => {
      const rows = [-5000, 5000].map((offset) => row(2, 0.5, 1).map((x) => x + offset))
      const { losses } = await lossesOf(rows, [1, 1])
      const want = ofRow(Float64Array.from(row(2, 0.5, 1)), 1).loss
      for (const loss of losses) expect(loss).toBeCloseTo(want, 6)
    })

    it(`has no loss where a logit is NaN or +∞, or the label is none, ${width} wide`, async () => {
      const [inf, nan] = [Number.POSITIVE_INFINITY, Number.NaN]
      const rows = [row(1, nan), row(1, 2, inf), row(1), row(1), row(nan), row(1, -inf)]
      const { losses, hits, after } = await lossesOf(rows, [0, 1, width, -1 >>> 0, ignored, 0])
      const good = ofRow(Float64Array.from(row(1, -1e9)), 0)
      expect(losses.slice(0, 5)).toEqual([nan, nan, nan, nan, 0])
      expect(losses[5]).toBeCloseTo(good.loss, 6)
      expect(hits).toEqual([0, 0, 0, 0, 0, 1])
      expect(after.slice(0, 4 * width).every(Number.isNaN)).toBe(true)
      expect(after.slice(4 * width, 5 * width)).toEqual(new Array(width).fill(0))
      for (let v = 0; v < width; v++) expect(after[5 * width + v]).toBeCloseTo(good.gradient[v]!, 6)
    })
  }

  it('names the shapes where they do not fit', async () => {
    const gpu = await testGpu()
    const [logits, labels] = [stateTensor(gpu, 'logits', [3, 8]), stateTensor(gpu, 'labels', [2], 'u32')]
    const run = executeAndRead(gpu, 'wrong', (pass) => ({
      ...crossEntropy(pass, { logits, labels }, { scale: 1, gradient: false }),
    }))
    await expect(run).rejects.toThrow('labels must be u32 [3], a label per row of logits [3,8], found u32 [2]')
  })
})
