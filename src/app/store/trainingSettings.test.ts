import { expect, test } from 'vitest'
import { teachDefaults, teachPresets } from '../../teachApi.ts'
import { form, outlook, preset, problemsOf, settingsOf, startFrom, usePreset } from './trainingSettings.ts'

test('presets come back from the form as they are, and a changed field is no preset any more', () => {
  for (const name of ['quick', 'llavaStage1', 'honeybeeStage1', 'instructions'] as const) {
    usePreset(name)
    expect(preset.value).toBe(name)
    expect(settingsOf(form.value)).toEqual({ ...teachDefaults, ...teachPresets[name] })
  }
  form.value = { ...form.value, seed: 7 }
  expect(preset.value).toBeUndefined()
})

test('Honeybee’s preset stays what it is for its other projectors, with a lower rate for deformable attention', () => {
  usePreset('honeybeeStage1')
  startFrom('d-abs')
  expect(preset.value).toBe('honeybeeStage1')
  expect(settingsOf(form.value)).toEqual({ ...teachDefaults, ...teachPresets.honeybeeStage1DAbs })
  startFrom('resampler')
  form.value = { ...form.value, tokens: 16 }
  expect(preset.value).toBe('honeybeeStage1')
  expect(settingsOf(form.value)).toMatchObject({ learningRate: 3e-4, projector: { type: 'resampler', tokens: 16 } })
  startFrom('base')
  expect(preset.value).toBeUndefined()
})

test('a fresh projector has the sizes that were chosen and its type uses; another type forgets them', () => {
  usePreset('quick')
  startFrom({ type: 'c-abs', tokens: 16, depth: 1 })
  expect(settingsOf(form.value).projector).toEqual({ type: 'c-abs', tokens: 16, depth: 1 })
  const plan = { sizes: { depth: 1 }, problems: {}, positions: 64 }
  expect(settingsOf(form.value, undefined, plan).projector).toEqual({ type: 'c-abs', depth: 1 })
  startFrom('mlp')
  expect(settingsOf(form.value).projector).toBe('mlp')
})

test('what is wrong with a fresh projector is told at its size, and at the start where no size can mend it', () => {
  usePreset('quick')
  startFrom({ type: 'c-abs', tokens: 15 })
  const plan = { sizes: {}, problems: { tokens: 'no square', type: 'no map' }, positions: 64 }
  expect(problemsOf(form.value, undefined, plan)).toEqual({ tokens: 'no square', start: 'no map' })
  startFrom('base')
  expect(problemsOf(form.value, undefined, plan)).toEqual({})
})

test('steps count instead of epochs when the form says so, and a file is where training starts', () => {
  usePreset('quick')
  const bytes = new Uint8Array([1])
  const values = { ...form.value, length: 'steps' as const, steps: 40, start: 'file' as const, beta2: 0.95 }
  const settings = settingsOf(values, { name: 'mine.safetensors', bytes })
  expect(settings).toMatchObject({ steps: 40, projector: { file: bytes }, betas: [0.9, 0.95] })
})

test('every field that means nothing is named with what it may be', () => {
  usePreset('quick')
  const none = { ...form.value, steps: null }
  expect(problemsOf(none)).toEqual({})
  expect(problemsOf({ ...none, length: 'steps' })).toEqual({ steps: 'Enter a number.' })
  expect(problemsOf({ ...none, batchSize: 1.5, learningRate: 0, evalFraction: 0.95, warmup: -1 })).toEqual({
    batchSize: 'Enter a whole number.',
    learningRate: 'More than 0, please.',
    evalFraction: 'At most 0.9, please.',
    warmup: 'At least 0, please.',
  })
  expect(problemsOf({ ...none, learningRate: 1e-4, minLearningRate: 1e-3 })).toHaveProperty('minLearningRate')
  expect(problemsOf({ ...none, start: 'file' })).toHaveProperty('start')
})

test('the outlook counts as the training will', () => {
  usePreset('quick')
  expect(outlook(form.value, 40)).toEqual({ train: 36, heldOut: 4, steps: 36 })
  expect(outlook({ ...form.value, accumulate: 3 }, 40).steps).toBe(12)
  expect(outlook({ ...form.value, evalFraction: 0 }, 40)).toEqual({ train: 40, heldOut: 0, steps: 40 })
  expect(outlook(form.value, 1)).toEqual({ train: 1, heldOut: 0, steps: 1 })
})
