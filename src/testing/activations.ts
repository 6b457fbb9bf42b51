import type { ActivationKind } from '../ops/activation.ts'

/** Activation functions in f64, straight from their definitions. */
export const activationReference: Record<ActivationKind, (x: number) => number> = {
  none: (x) => x,
  gelu: (x) => (x > 0 ? x - (x * erfc(x / Math.SQRT2)) / 2 : (x * erfc(-x / Math.SQRT2)) / 2),
  geluTanh: (x) => (x * (1 + Math.tanh(Math.sqrt(2 / Math.PI) * (x + 0.044715 * x ** 3)))) / 2,
  quickGelu: (x) => x / (1 + Math.exp(-1.702 * x)),
  silu: (x) => x / (1 + Math.exp(-x)),
  relu: (x) => Math.max(0, x),
  sigmoid: (x) => 1 / (1 + Math.exp(-x)),
}

/** erfc(z) for z >= 0: the Taylor series of erf below 2.5, the continued fraction of erfc above. */
function erfc(z: number): number {
  if (z < 2.5) {
    let term = z
    let sum = z
    for (let n = 1; Math.abs(term) > 1e-18 * Math.abs(sum); n++) {
      term *= (-z * z) / n
      sum += term / (2 * n + 1)
    }
    return 1 - (2 / Math.sqrt(Math.PI)) * sum
  }
  let tail = z
  for (let n = 200; n > 0; n--) tail = z + n / 2 / tail
  return Math.exp(-z * z) / Math.sqrt(Math.PI) / tail
}
