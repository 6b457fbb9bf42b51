import type { TeachSettings } from '../teachApi.ts'
import { seeded, shuffled } from '../tensor/random.ts'

export type BatchSettings = Pick<TeachSettings, 'batchSize' | 'accumulate' | 'seed'>

/** Indices into the examples as given, each in ascending order. */
export interface Split {
  train: number[]
  heldOut: number[]
}

/** One seed for each of several uses of a run's seed. */
const mixed = (seed: number, use: number) =>
  (Math.imul(seed ^ 0x9e3779b9, 0x85ebca6b) + Math.imul(use, 0xc2b2ae35)) >>> 0

/**
 * Sets apart `fraction` of the examples, the same ones for the same seed. Every kind gives its share (largest remainders get what
 * rounding leaves) and keeps at least one example to learn from, unless all kinds have but one. At least one example is held out
 * where there are two; none where `fraction` is 0.
 */
export function splitExamples(kinds: readonly (string | undefined)[], fraction: number, seed: number): Split {
  const all = kinds.map((_, i) => i)
  if (fraction <= 0 || all.length < 2) return { train: all, heldOut: [] }
  const wanted = Math.min(all.length - 1, Math.max(1, Math.round(all.length * fraction)))
  const random = seeded(mixed(seed, 0))
  const drawn = shuffled(all.length, random)
  const groups = [...new Set(drawn.map((i) => kinds[i]))].map((kind) => drawn.filter((i) => kinds[i] === kind))
  const single = groups.every(({ length }) => length === 1)
  const heldOut = new Set(single ? drawn.slice(0, wanted) : shares(groups, wanted).flat())
  return { train: all.filter((i) => !heldOut.has(i)), heldOut: all.filter((i) => heldOut.has(i)) }
}

/** Images from which on the examples about one image stay together when some are set apart. */
const enoughImages = 4

/**
 * Sets apart a part of the examples as `splitExamples` does, but by their images (`key`), so that what is held out has not been seen; where
 * there are fewer than four images, by example.
 */
export function holdOut(examples: readonly { key: string; kind?: string }[], fraction: number, seed: number): Split {
  const images = new Map<string, number[]>()
  for (const [i, { key }] of examples.entries()) images.set(key, [...(images.get(key) ?? []), i])
  const units = images.size >= enoughImages ? [...images.values()] : examples.map((_, i) => [i])
  const { train, heldOut } = splitExamples(
    units.map(([first]) => examples[first!]!.kind),
    fraction,
    seed,
  )
  const all = (chosen: number[]) => chosen.flatMap((i) => units[i]!).sort((a, b) => a - b)
  return { train: all(train), heldOut: all(heldOut) }
}

/** The first members of each group, `wanted` in all and in proportion, but never a whole group. */
function shares(groups: readonly number[][], wanted: number): number[][] {
  const total = groups.reduce((sum, { length }) => sum + length, 0)
  const exact = groups.map(({ length }) => (length * wanted) / total)
  const counts = exact.map(Math.floor)
  let left = wanted - counts.reduce((sum, count) => sum + count, 0)
  const byRemainder = groups.map((_, i) => i).sort((a, b) => exact[b]! - counts[b]! - (exact[a]! - counts[a]!))
  for (let gave = true; gave && left > 0; ) {
    gave = false
    for (const i of byRemainder) {
      if (left === 0 || counts[i]! >= groups[i]!.length - 1) continue
      counts[i]!++
      left--
      gave = true
    }
  }
  return groups.map((group, i) => group.slice(0, counts[i]))
}

/** The order of `count` examples in an epoch from 0: a function of seed and epoch alone, so that a resumed run sees the same. */
export function epochOrder(count: number, seed: number, epoch: number): number[] {
  return shuffled(count, seeded(mixed(seed, epoch + 1)))
}

/** Optimizer steps that `settings` ask for with `count` training examples; the last one of the epochs may reach into the next. */
export function stepsOf(settings: BatchSettings & Pick<TeachSettings, 'steps' | 'epochs'>, count: number): number {
  const { steps, epochs, batchSize, accumulate } = settings
  return steps > 0 ? steps : Math.max(1, Math.ceil((epochs * count) / (batchSize * accumulate)))
}

/**
 * The micro-batches of step `step` (from 1), as positions into the training examples, whose `lengths` are given in tokens. Epoch follows
 * epoch without a gap: what is missing at the end of one comes from the beginning of the next. Within a step, examples of like length
 * go together, so that little is padded; its gradient is the sum over all of them, however they are grouped.
 */
export function microBatches(lengths: readonly number[], step: number, settings: BatchSettings): number[][] {
  const { batchSize, accumulate, seed } = settings
  const size = batchSize * accumulate
  const orders = new Map<number, number[]>()
  const drawn = Array.from({ length: size }, (_, i) => {
    const at = (step - 1) * size + i
    const epoch = Math.floor(at / lengths.length)
    if (!orders.has(epoch)) orders.set(epoch, epochOrder(lengths.length, seed, epoch))
    return orders.get(epoch)![at % lengths.length]!
  })
  const sorted = drawn.sort((a, b) => lengths[a]! - lengths[b]!)
  return Array.from({ length: accumulate }, (_, micro) => sorted.slice(micro * batchSize, (micro + 1) * batchSize))
}
