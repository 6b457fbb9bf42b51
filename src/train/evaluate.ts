import { throwIfAborted } from '../errors.ts'
import type { Batch, Tokens } from './lesson.ts'

/** A batch with the losses and hits [L] of its labels. */
export interface Examined {
  batch: Batch
  losses: Float32Array
  hits: Float32Array
}

/**
 * Mean loss per label, and the share of answers of which every label is the most probable token: fed its own answer, a model chooses
 * all of it exactly when greedy decoding writes it.
 */
export async function evaluate<P extends Tokens>(
  pupils: readonly P[],
  { batchSize, signal }: { batchSize: number; signal?: AbortSignal },
  examine: (pupils: readonly P[]) => Promise<Examined>,
): Promise<{ loss: number; exact: number; count: number }> {
  let loss = 0
  let labels = 0
  let right = 0
  let count = 0
  for (let first = 0; first < pupils.length; first += batchSize) {
    throwIfAborted(signal)
    const { batch, losses, hits } = await examine(pupils.slice(first, first + batchSize))
    loss += losses.reduce((sum, value) => sum + value, 0)
    labels += losses.length
    count += batch.answers.length
    for (const { first, end } of batch.answers) if (hits.subarray(first, end).every((hit) => hit === 1)) right++
  }
  return { loss: loss / labels, exact: right / count, count }
}
