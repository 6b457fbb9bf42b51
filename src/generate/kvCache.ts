import type { TextConfig } from '../checkpoint/configTypes.ts'
import { BeagleError } from '../errors.ts'
import type { Gpu } from '../gpu/device.ts'
import type { Cache } from '../models/decoders/llama.ts'
import { stateTensor } from '../tensor/execute.ts'
import { bytesOf } from '../tensor/tensor.ts'

/** The most tokens that a cache holds unless more are asked for. */
const defaultContext = 2048

/**
 * The context's size: what is asked for, else the model's own limit up to 2048; never more than the model knows positions.
 * Throws `bad-argument` where a prompt and its answer could not fit.
 */
export function contextOf(config: TextConfig, asked?: number): number {
  if (asked !== undefined && !(Number.isInteger(asked) && asked >= 2))
    throw new BeagleError('bad-argument', `maxContext is a whole number of tokens, 2 or more; got ${asked}.`)
  return Math.min(asked ?? defaultContext, config.maxPositions)
}

/** Bytes of the keys and values of all layers. */
export function cacheBytes(config: TextConfig, capacity: number): number {
  return 2 * config.layers * bytesOf([capacity, config.kvHeads * config.headDim], 'f32')
}

/** A static cache: allocated once, never grown. */
export function newCache(gpu: Gpu, config: TextConfig, capacity: number): Cache {
  const shape = [capacity, config.kvHeads * config.headDim]
  const layers = Array.from({ length: config.layers }, (_, i) => ({
    keys: stateTensor(gpu, `keys of layer ${i}`, shape),
    values: stateTensor(gpu, `values of layer ${i}`, shape),
  }))
  return { capacity, layers }
}
