import { describe, expect, it } from 'vitest'
import { executeAndRead, stateTensor, upload } from '../tensor/execute.ts'
import { hardNumbers, seeded } from '../testing/hardNumbers.ts'
import { drawReference, keptReference, penalized } from '../testing/sampling.ts'
import { testGpu } from '../testing/testGpu.ts'
import { newCursor } from './cursor.ts'
import { newSettings, type SampleSettings, sample, seenBitmap, seenWords, writeSettings } from './sample.ts'

describe('sample', () => {
  it('takes the largest logit, the lowest id of equals', async () => {
    expect(await draw([3], {}, 1)).toEqual([0])
    expect(await draw([-5, -2, -9, -2], {}, 2)).toEqual([1, 1])
    const many = new Array<number>(3000).fill(-7)
    many[2999] = -6.5
    many[1234] = -6.5
    many[1234 + 1024] = -6.5
    expect(await draw(many, {}, 1)).toEqual([1234])
  })

  it('never takes NaN or -∞, and says where there is nothing else', async () => {
    const gaps = [Number.NaN, -3, Number.NEGATIVE_INFINITY, Number.NaN, -4]
    expect(await draw(gaps, {}, 1)).toEqual([1])
    expect(new Set(await draw(gaps, { temperature: 5 }, 40))).toEqual(new Set([1, 4]))
    expect((await run([Number.NaN, Number.NEGATIVE_INFINITY], {}, 1)).cursor[3]).toBe(1)
    expect((await run([Number.NaN], { temperature: 1, topK: 3, topP: 0.5 }, 1)).cursor[3]).toBe(1)
    expect((await run([Number.NEGATIVE_INFINITY, -1e30], {}, 1)).cursor[3]).toBe(0)
  })

  it('moves the cursor and remembers the token', async () => {
    const { cursor, seen } = await run([0, 0, 9, 0], {}, 3, { rows: 5 })
    expect([...cursor]).toEqual([15, 2, 3, 0, 0, 0, 0, 0])
    expect([...seen]).toEqual([4])
  })

  const settings: SampleSettings[] = [
    { temperature: 1 },
    { temperature: 0.7, topK: 1 },
    { temperature: 3, topK: 5 },
    { temperature: 1, topK: 40, seed: -1 },
    { temperature: 1, topP: 0.3 },
    { temperature: 2, topP: 0.9, seed: 7 },
    { temperature: 1, topP: 1e-6 },
    { temperature: 1, minP: 0.2 },
    { temperature: 1.5, topK: 20, topP: 0.8, minP: 0.05 },
    { temperature: 1, repetitionPenalty: 1.3, topK: 10 },
    { temperature: 0, repetitionPenalty: 1.5 },
    { temperature: 1e-3, topP: 0.95 },
    { temperature: 100, topK: 1000, topP: 0.99 },
  ]
  for (const wanted of settings)
    it(`keeps and draws as the definition does: ${JSON.stringify(wanted)}`, async () => {
      for (const [size, kind] of [
        [1, 'mixed'],
        [50, 'mixed'],
        [50, 'zeros'],
        [300, 'negative'],
        [2048, 'mixed'],
        [70, 'large'],
      ] as const) {
        const logits = [...hardNumbers(size, kind, size)]
        if (size > 20) logits[11] = logits[3]!
        const context = [0, 5, 11, size - 1].filter((id) => id < size)
        expect(await draw(logits, wanted, 24, context), `${size} ${kind}`).toEqual(drawAll(logits, wanted, 24, context))
      }
    })

  it('adds up many small probabilities', async () => {
    const logits = Array.from({ length: 3000 }, (_, id) => (id === 0 ? 0 : -9 - id / 1e4))
    const wanted = { temperature: 1, topP: 0.8 }
    expect(await draw(logits, wanted, 300)).toEqual(drawAll(logits, wanted, 300, []))
  })

  it('draws as often as the probabilities say', async () => {
    const logits = [1, 0, -1, 0.5, 0, -2, 2, -0.5]
    const weights = logits.map((logit) => Math.exp(logit / 1.2))
    const total = weights.reduce((a, b) => a + b)
    const draws = 3000
    for (const seed of [0, 1, 12345]) {
      const ids = await draw(logits, { temperature: 1.2, seed }, draws)
      const chiSquare = weights.reduce((sum, weight, id) => {
        const expected = (draws * weight) / total
        return sum + (ids.filter((other) => other === id).length - expected) ** 2 / expected
      }, 0)
      expect(chiSquare, `seed ${seed}`).toBeLessThan(24.3) // 7 degrees of freedom: exceeded once in 1000
    }
  })

  it('draws the same with the same seed and otherwise with another', async () => {
    const random = seeded(4)
    const logits = Array.from({ length: 500 }, () => random())
    const first = await draw(logits, { temperature: 1, seed: 3 }, 20)
    expect(await draw(logits, { temperature: 1, seed: 3 }, 20)).toEqual(first)
    expect(await draw(logits, { temperature: 1, seed: 4 }, 20)).not.toEqual(first)
  })

  it('refuses settings that mean nothing', async () => {
    const gpu = await testGpu()
    const buffer = newSettings(gpu)
    const set = (wanted: SampleSettings) => () => writeSettings(gpu, buffer, wanted)
    expect(set({ temperature: -1 })).toThrow('temperature must be 0 or more, found -1')
    expect(set({ topK: 1.5 })).toThrow('topK must be a whole number')
    expect(set({ topP: 0 })).toThrow('topP must be above 0')
    expect(set({ minP: 2 })).toThrow('minP must be from 0 to 1')
    expect(set({ repetitionPenalty: Number.NaN })).toThrow('repetitionPenalty must be above 0')
  })
})

/** Draws `count` tokens one after the other. */
async function run(
  logits: number[],
  wanted: SampleSettings,
  count: number,
  { rows = 1, context = [] as number[] } = {},
) {
  const gpu = await testGpu()
  const tensors = {
    logits: stateTensor(gpu, 'logits', [logits.length]),
    cursor: newCursor(gpu),
    seen: stateTensor(gpu, 'seen', [seenWords(logits.length)], 'u32'),
    settings: newSettings(gpu),
  }
  upload(gpu, tensors.logits, Float32Array.from(logits))
  upload(gpu, tensors.seen, seenBitmap(context, logits.length))
  writeSettings(gpu, tensors.settings, wanted)
  const { ids, cursor, seen } = await executeAndRead(gpu, 'sample', (pass) => {
    const drawn = pass.scratch([count], 'u32')
    for (let i = 0; i < count; i++) {
      sample(pass, tensors, { rows })
      pass.copy(tensors.cursor, drawn, 4, 4, 4 * i)
    }
    return { ids: drawn, cursor: tensors.cursor, seen: tensors.seen }
  })
  for (const { buffer } of Object.values(tensors)) gpu.memory.destroy(buffer)
  return { ids: [...ids], cursor, seen }
}

async function draw(logits: number[], wanted: SampleSettings, count: number, context: number[] = []) {
  return (await run(logits, wanted, count, { context })).ids
}

function drawAll(logits: number[], wanted: SampleSettings, count: number, context: number[]): number[] {
  const seen = new Set(context)
  return Array.from({ length: count }, (_, step) => {
    const penalty = wanted.repetitionPenalty ?? 1
    const current = logits.map((logit, id) => (seen.has(id) ? penalized(logit, penalty) : logit))
    const id = drawReference(current, keptReference(current, wanted), wanted, step)
    seen.add(id)
    return id
  })
}
