import { seeded } from '../tensor/random.ts'

export { seeded }

/** Kinds of values that hurt: sums that start at 0 instead of -∞, squares that overflow, division by a zero norm. */
export type Hardness = 'mixed' | 'negative' | 'large' | 'zeros'

export const allHardness: Hardness[] = ['mixed', 'negative', 'large', 'zeros']

/** `count` values of a kind; `large` reaches ±`peak`. */
export function hardNumbers(count: number, kind: Hardness, seed: number, peak = 1e4): Float32Array {
  const random = seeded(seed)
  return Float32Array.from({ length: count }, () => {
    const u = random()
    if (kind === 'zeros') return 0
    if (kind === 'negative') return -0.5 - 2.5 * u
    if (kind === 'large') return (2 * u - 1) * peak
    return 4 * u - 2 + (random() - 0.5)
  })
}
