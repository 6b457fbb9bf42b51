import { expect, it } from 'vitest'
import { sampleSettings } from './sampling.ts'

it('is greedy unless somebody asks for more', () => {
  expect(sampleSettings({}, {}).temperature ?? 0).toBe(0)
  expect(sampleSettings({}, { temperature: 0.7, topP: 0.9 })).toMatchObject({ temperature: undefined, topP: undefined })
})

it('follows generation_config where it samples, and the caller above it', () => {
  const defaults = { doSample: true, temperature: 0.6, topK: 40, topP: 0.9, minP: 0.1, repetitionPenalty: 1.1 }
  expect(sampleSettings({ seed: 3 }, defaults)).toEqual({
    ...{ temperature: 0.6, topK: 40, topP: 0.9, minP: 0.1, repetitionPenalty: 1.1 },
    seed: 3,
  })
  const asked = { temperature: 0, topK: 5, topP: undefined }
  expect(sampleSettings(asked, defaults)).toMatchObject({ temperature: 0, topK: 5, topP: 0.9 })
  expect(sampleSettings({}, { doSample: true })).toMatchObject({ temperature: 1, topK: 50 })
})

it('keeps the repetition penalty of a greedy generation_config', () => {
  expect(sampleSettings({}, { repetitionPenalty: 1.2 }).repetitionPenalty).toBe(1.2)
})

it('draws another seed each time unless one is given', () => {
  const seeds = new Set(Array.from({ length: 8 }, () => sampleSettings({}, {}).seed))
  expect(seeds.size).toBeGreaterThan(1)
})
