import type { SampleSettings } from '../ops/sample.ts'

/** The ids that the settings keep, straight from their definitions in f64; `logits` after the repetition penalty. */
export function keptReference(logits: number[], settings: SampleSettings): number[] {
  const { temperature = 0, topK = 0, topP = 1, minP = 0 } = settings
  const ranked = logits.map((logit, id) => ({ logit, id })).filter(({ logit }) => logit > Number.NEGATIVE_INFINITY)
  ranked.sort((a, b) => b.logit - a.logit || a.id - b.id)
  const largest = ranked[0]?.logit ?? 0
  if (temperature === 0) return ranked.slice(0, 1).map(({ id }) => id)
  const weight = (logit: number) => Math.exp((logit - largest) / temperature)
  const smallestOfK = topK > 0 ? (ranked[topK - 1]?.logit ?? Number.NEGATIVE_INFINITY) : Number.NEGATIVE_INFINITY
  const ofK = ranked.filter(({ logit }) => logit >= smallestOfK)
  const total = ofK.reduce((sum, { logit }) => sum + weight(logit), 0)
  let mass = 0
  const last = ofK.find(({ logit }) => {
    mass += weight(logit)
    return mass >= topP * total
  })
  const smallestOfP = topP < 1 ? (last?.logit ?? Number.NEGATIVE_INFINITY) : Number.NEGATIVE_INFINITY
  return ofK.filter(({ logit }) => logit >= smallestOfP && weight(logit) >= minP).map(({ id }) => id)
}

/** `logit` of a token that the context has. */
export const penalized = (logit: number, penalty: number): number => (logit > 0 ? logit / penalty : logit * penalty)

/** The kernel's draw in f64: the kept id with the largest logit / temperature + Gumbel noise. */
export function drawReference(logits: number[], kept: number[], settings: SampleSettings, step: number): number {
  const { temperature = 0, seed = 0 } = settings
  if (temperature === 0) return kept[0]!
  const noise = (id: number) => {
    const uniform = ((hash((hash((hash(seed >>> 0) + step) >>> 0) + id) >>> 0) >>> 9) + 0.5) / 2 ** 23
    return -Math.log(-Math.log(uniform))
  }
  const score = (id: number) => logits[id]! / temperature + noise(id)
  return kept.reduce((a, b) => (score(b) > score(a) ? b : a))
}

function hash(x: number): number {
  const state = (Math.imul(x, 747796405) + 2891336453) >>> 0
  const word = Math.imul((state >>> ((state >>> 28) + 4)) ^ state, 277803737) >>> 0
  return ((word >>> 22) ^ word) >>> 0
}
