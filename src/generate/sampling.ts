import type { ChatOptions } from '../api.ts'
import type { GenerationDefaults } from '../checkpoint/configTypes.ts'
import type { SampleSettings } from '../ops/sample.ts'

/**
 * The sampler's settings: what the caller asks for, else what generation_config says, else greedy. A generation_config without
 * `do_sample` is greedy whatever temperature it has, and one with it draws from the 50 likeliest tokens unless it says otherwise,
 * as in transformers.
 */
export function sampleSettings(options: ChatOptions, defaults: GenerationDefaults): SampleSettings {
  const preset = defaults.doSample
    ? { temperature: 1, topK: 50, ...defined(defaults) }
    : { repetitionPenalty: defaults.repetitionPenalty }
  const seed = Math.floor(Math.random() * 2 ** 32)
  const { temperature, topK, topP, minP, repetitionPenalty } = { ...preset, ...defined(options) } as SampleSettings
  return { temperature, topK, topP, minP, repetitionPenalty, seed: options.seed ?? seed }
}

const defined = <T extends object>(options: T): Partial<T> =>
  Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined)) as Partial<T>
