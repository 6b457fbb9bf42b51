import { describe, expect, it } from 'vitest'
import { learningRateAt, type ScheduleSettings } from './schedule.ts'

const rates = (steps: number, settings: Partial<ScheduleSettings>) =>
  Array.from({ length: steps }, (_, i) =>
    learningRateAt(i + 1, steps, {
      ...{ learningRate: 1, minLearningRate: 0, schedule: 'constant', warmup: 0 },
      ...settings,
    }),
  )

const expectRates = (found: number[], expected: number[]) => {
  expect(found.length).toBe(expected.length)
  found.forEach((rate, i) => {
    expect(rate).toBeCloseTo(expected[i]!, 12)
  })
}

describe('learningRateAt', () => {
  it('stays at its height without a schedule', () => {
    expectRates(rates(3, { learningRate: 0.01 }), [0.01, 0.01, 0.01])
  })

  it('is what transformers computes', () => {
    expectRates(rates(6, { schedule: 'constant', warmup: 4 }), [0, 0.25, 0.5, 0.75, 1, 1])
    expectRates(rates(6, { schedule: 'linear', warmup: 2 }), [0, 0.5, 1, 0.75, 0.5, 0.25])
    const half = Math.SQRT1_2 / 2
    expectRates(rates(6, { schedule: 'cosine', warmup: 2 }), [0, 0.5, 1, 0.5 + half, 0.5, 0.5 - half])
  })

  it('warms up from the minimum and comes down to it, as in Honeybee', () => {
    const settings = { learningRate: 3e-4, minLearningRate: 1e-5, schedule: 'cosine', warmup: 2000 } as const
    expect(learningRateAt(1, 50_000, settings)).toBeCloseTo(1e-5, 12)
    expect(learningRateAt(1001, 50_000, settings)).toBeCloseTo(1.55e-4, 12)
    expect(learningRateAt(2001, 50_000, settings)).toBeCloseTo(3e-4, 12)
    expect(learningRateAt(26_001, 50_000, settings)).toBeCloseTo(1.55e-4, 12)
    expect(learningRateAt(50_001, 50_000, settings)).toBeCloseTo(1e-5, 12)
  })

  it('copes with a warm-up that is as long as the training or longer', () => {
    expectRates(rates(2, { schedule: 'cosine', warmup: 2 }), [0, 0.5])
    expectRates(rates(2, { schedule: 'linear', warmup: 4 }), [0, 0.25])
    expectRates(rates(1, { schedule: 'cosine' }), [1])
  })
})
