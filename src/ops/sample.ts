import type { Gpu } from '../gpu/device.ts'
import { stateTensor, upload } from '../tensor/execute.ts'
import type { Pass } from '../tensor/pass.ts'
import { sizeOf, type Tensor } from '../tensor/tensor.ts'
import { cursorSize } from './cursor.ts'
import { require } from './require.ts'

/** How the next token is chosen; the defaults choose the most probable one. */
export interface SampleSettings {
  /** 0 (the default) takes the largest logit; 1 draws from the model's own distribution. */
  temperature?: number
  /** Keep the `topK` most probable tokens; 0 (the default) keeps all. */
  topK?: number
  /** Of these keep the most probable that together have this share of their probability; 1 (the default) keeps all. */
  topP?: number
  /** Keep the tokens with at least this share of the largest probability; 0 (the default) keeps all. */
  minP?: number
  /** Above 1 makes tokens of the context less probable; 1 by default. */
  repetitionPenalty?: number
  /** Any integer; its lowest 32 bits count. 0 by default. */
  seed?: number
}

/** A buffer for settings, on the default ones; its owner destroys it. */
export function newSettings(gpu: Gpu): Tensor {
  const settings = stateTensor(gpu, 'sampling settings', [8], 'u32')
  writeSettings(gpu, settings, {})
  return settings
}

/** Sets how the steps submitted from now on choose; recorded ones included. Throws `bad-argument` where a value means nothing. */
export function writeSettings(gpu: Gpu, settings: Tensor, wanted: SampleSettings): void {
  const { temperature = 0, topK = 0, topP = 1, minP = 0, repetitionPenalty = 1, seed = 0 } = wanted
  require(temperature >= 0, () => `temperature must be 0 or more, found ${temperature}`)
  require(topK >= 0 && Number.isInteger(topK), () => `topK must be a whole number, 0 for all; found ${topK}`)
  require(topP > 0 && topP <= 1, () => `topP must be above 0 and at most 1, found ${topP}`)
  require(minP >= 0 && minP <= 1, () => `minP must be from 0 to 1, found ${minP}`)
  require(repetitionPenalty > 0, () => `repetitionPenalty must be above 0, found ${repetitionPenalty}`)
  require(Number.isInteger(seed), () => `seed must be an integer, found ${seed}`)
  const floats = Float32Array.of(temperature, 0, topP, minP, repetitionPenalty)
  const words = new Uint32Array(8)
  words.set(new Uint32Array(floats.buffer))
  words[1] = Math.min(topK, 0xffffffff)
  words[5] = seed
  upload(gpu, settings, words)
}

/** Words of the bitmap of seen tokens. */
export const seenWords = (vocabulary: number): number => Math.ceil(vocabulary / 32)

/** The bitmap, in u32 words, of a context's `ids`; what is below 0 is no token. */
export function seenBitmap(ids: Iterable<number>, vocabulary: number): Uint32Array {
  const words = new Uint32Array(seenWords(vocabulary))
  for (const id of ids) if (id >= 0) words[id >> 5]! |= 1 << (id & 31)
  return words
}

/**
 * Chooses the next token from `logits` [V] (f32) as `settings` say and writes it into `cursor` and `seen` (u32, a bit per token);
 * the cursor's position moves by `rows`, those that the step put into the cache. Where no logit is a number above -∞, it sets
 * the cursor's fault.
 */
export function sample(
  pass: Pass,
  { logits, cursor, seen, settings }: { logits: Tensor; cursor: Tensor; seen: Tensor; settings: Tensor },
  { rows }: { rows: number },
): void {
  const size = sizeOf(logits.shape)
  require(logits.type === 'f32', () => `sample: logits must be f32, found ${logits.type}`)
  require(sizeOf(seen.shape) >= seenWords(size) && sizeOf(cursor.shape) === cursorSize, () =>
    `sample: ${size} logits need seen [${seenWords(size)}] and a cursor of ${cursorSize}, found [${seen.shape}] and [${cursor.shape}]`)
  const kernel = { shader: 'sample', entry: 'forward', overrides: { SIZE: pass.gpu.abilities.cpu ? 64 : 256 } }
  pass.run(kernel, { logits, settings, seen, cursor }, { size, rows }, [1])
}
