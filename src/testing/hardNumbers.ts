/** A small, fast generator of uniform numbers in [0, 1) (mulberry32), so that tests and tiny checkpoints are the same everywhere. */
export function seeded(seed: number): () => number {
  let state = seed >>> 0
  return () => {
    state = (state + 0x6d2b79f5) >>> 0
    let t = Math.imul(state ^ (state >>> 15), state | 1)
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61)
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32
  }
}

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
