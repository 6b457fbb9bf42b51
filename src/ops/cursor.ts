import type { Gpu } from '../gpu/device.ts'
import { stateTensor } from '../tensor/execute.ts'
import type { Tensor } from '../tensor/tensor.ts'

/**
 * The cursor of a generation: eight u32 on the GPU that the recorded steps read and `sample` moves on, so that a step is
 * replayed without the host writing anything. The same indices stand in shaders/cursor.wgsl.
 */
export const cursorFields = {
  /** Row of the key/value cache that the first row of the next step takes; also the number of rows in the cache. */
  position: 0,
  /** The token sampled last: the input of the next decode step. */
  token: 1,
  /** Tokens sampled so far; the draw of `sample` depends on it. */
  step: 2,
  /** Not 0 once a step had no logit that can be chosen: the results are wrong and the host must say so. */
  fault: 3,
} as const

/** Numbers in a cursor; those without a field are reserved. */
export const cursorSize = 8

/** A cursor at the beginning; its owner destroys its buffer. */
export function newCursor(gpu: Gpu): Tensor {
  return stateTensor(gpu, 'cursor', [cursorSize], 'u32')
}
