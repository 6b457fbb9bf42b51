import { expect, it } from 'vitest'
import { teachDefaults, teachPresets } from '../teachApi.ts'
import { completeSettings } from './settings.ts'

it('fills in the defaults and takes every preset', () => {
  expect(completeSettings()).toEqual(teachDefaults)
  expect(completeSettings({ steps: 7, seed: undefined })).toEqual({ ...teachDefaults, steps: 7 })
  for (const preset of Object.values(teachPresets)) completeSettings(preset)
})

it('names every field that means nothing, with what was found', () => {
  const wrong = { batchSize: 0, betas: [0.9, 1] as [number, number], evalFraction: 1, speed: 3 }
  expect(() => completeSettings(wrong)).toThrow(
    /speed is no setting.*batchSize must be a whole number, 1 or more, found 0; betas .*found 0.9,1; evalFraction must be from 0 to 0.9, found 1/,
  )
  expect(() => completeSettings({ learningRate: Number.NaN })).toThrow('learningRate')
  expect(() => completeSettings({ epochs: 0 })).toThrow('epochs must be above 0 where no steps are given')
})
