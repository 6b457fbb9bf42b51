import type { AdamwOptions } from './adamw.ts'

type Numbers = ArrayLike<number>

const sum = (values: readonly number[]) => values.reduce((total, value) => total + value, 0)
const range = (count: number) => Array.from({ length: count }, (_, i) => i)

/** Σ_j a(i, j) · b(j, k), [outer, width] row-major. */
export function product(
  outer: number,
  inner: number,
  width: number,
  a: (i: number, j: number) => number,
  b: (j: number, k: number) => number,
): Float64Array {
  return Float64Array.from({ length: outer * width }, (_, at) => {
    const [i, k] = [Math.floor(at / width), at % width]
    let total = 0
    for (let j = 0; j < inner; j++) total += a(i, j) * b(j, k)
    return total
  })
}

/** y, and dx, of causal attention on fused qkv [images · rows, (heads + 2 · kvHeads) · width]; dy [images · rows, heads · width]. */
export function attentionGradients(
  qkv: Numbers,
  dy: Numbers,
  shape: { images: number; rows: number; heads: number; kvHeads: number; width: number },
): { y: Float64Array; dx: Float64Array } {
  const { images, rows, heads, kvHeads, width } = shape
  const stride = (heads + 2 * kvHeads) * width
  const y = new Float64Array(dy.length)
  const dx = new Float64Array(qkv.length)
  const scale = 1 / Math.sqrt(width)
  for (const image of range(images))
    for (const t of range(rows))
      for (const head of range(heads)) {
        const shared = Math.floor((head * kvHeads) / heads)
        const at = (image * rows + t) * heads * width + head * width
        const q = (image * rows + t) * stride + head * width
        const k = (j: number) => (image * rows + j) * stride + (heads + shared) * width
        const v = (j: number) => k(j) + kvHeads * width
        const dot = (a: Numbers, from: number, to: number) => sum(range(width).map((c) => a[from + c]! * qkv[to + c]!))
        const seen = range(t + 1)
        const scores = seen.map((j) => scale * dot(qkv, q, k(j)))
        const most = Math.max(...scores)
        const total = sum(scores.map((score) => Math.exp(score - most)))
        const p = scores.map((score) => Math.exp(score - most) / total)
        const dp = seen.map((j) => dot(dy, at, v(j)))
        const mean = sum(p.map((value, j) => value * dp[j]!))
        for (const j of seen) {
          const ds = scale * p[j]! * (dp[j]! - mean)
          for (const c of range(width)) {
            y[at + c]! += p[j]! * qkv[v(j) + c]!
            dx[q + c]! += ds * qkv[k(j) + c]!
            dx[k(j) + c]! += ds * qkv[q + c]!
            dx[v(j) + c]! += p[j]! * dy[at + c]!
          }
        }
      }
  return { y, dx }
}

/** The first `turned` of `all` heads of each row turned by its position within its sequence, forwards or back. */
export function rotated(
  x: Numbers,
  { rows, turned, all, width, theta, sign }: Record<'rows' | 'turned' | 'all' | 'width' | 'theta' | 'sign', number>,
): Float64Array {
  const half = width / 2
  return Float64Array.from(x, (value, at) => {
    const head = Math.floor(at / width)
    const c = at % width
    if (head % all >= turned) return value
    const angle = sign * (Math.floor(head / all) % rows) * theta ** ((-2 * (c % half)) / width)
    const other = c < half ? -x[at + half]! : x[at - half]!
    return value * Math.cos(angle) + other * Math.sin(angle)
  })
}

export function rmsNormGradient(x: Numbers, gain: Numbers, dy: Numbers, eps: number): Float64Array {
  const width = gain.length
  const means = range(x.length / width).map((row) => {
    const at = range(width).map((c) => row * width + c)
    const square = sum(at.map((i) => x[i]! ** 2)) / width + eps
    return { square, pull: sum(at.map((i, c) => gain[c]! * dy[i]! * x[i]!)) / width / square }
  })
  return Float64Array.from(x, (value, i) => {
    const { square, pull } = means[Math.floor(i / width)]!
    return (gain[i % width]! * dy[i]! - pull * value) / Math.sqrt(square)
  })
}

/** dx of silu(gate) · up, x [.., 2 · width]. */
export function gatedGradient(x: Numbers, dy: Numbers, width: number): Float64Array {
  return Float64Array.from(x, (value, i) => {
    const [row, c] = [Math.floor(i / (2 * width)), i % (2 * width)]
    const flow = dy[row * width + (c % width)]!
    const gate = c < width ? value : x[i - width]!
    const sigmoid = 1 / (1 + Math.exp(-gate))
    return c < width ? flow * x[i + width]! * sigmoid * (1 + gate * (1 - sigmoid)) : flow * gate * sigmoid
  })
}

/** f'(x) of GELU: Φ(x) + x · φ(x), the normal distribution summed by Simpson's rule; or of its approximation by tanh. */
export function activationSlope(x: number, kind: 'gelu' | 'geluTanh' | 'silu'): number {
  if (kind === 'silu') {
    const share = 1 / (1 + Math.exp(-x))
    return share * (1 + x * (1 - share))
  }
  if (kind === 'geluTanh') {
    const root = Math.sqrt(2 / Math.PI)
    const bent = Math.tanh(root * (x + 0.044715 * x ** 3))
    return (1 + bent) / 2 + (x / 2) * (1 - bent ** 2) * root * (1 + 3 * 0.044715 * x ** 2)
  }
  const density = (z: number) => Math.exp((-z * z) / 2) / Math.sqrt(2 * Math.PI)
  const step = x / 100
  const area = range(101).map((i) => density(i * step) * (i % 100 === 0 ? 1 : i % 2 ? 4 : 2))
  return 0.5 + (step / 3) * sum(area) + x * density(x)
}

/** Losses and hits of labels, and the gradient of scale · Σ losses by the logits. */
export function crossEntropyRows(logits: Numbers, labels: readonly number[], width: number, scale: number) {
  const rows = labels.map((label, r) => {
    const row = range(width).map((c) => logits[r * width + c]!)
    if (label < 0) return { loss: 0, hit: 0, gradient: row.map(() => 0) }
    const most = Math.max(...row)
    const total = sum(row.map((value) => Math.exp(value - most)))
    const gradient = row.map((value, c) => scale * (Math.exp(value - most) / total - Number(c === label)))
    return { loss: most + Math.log(total) - row[label]!, hit: Number(row.indexOf(most) === label), gradient }
  })
  return {
    losses: rows.map(({ loss }) => loss),
    hits: rows.map(({ hit }) => hit),
    logits: rows.flatMap(({ gradient }) => gradient),
  }
}

/** What a step of AdamW on one parameter leaves, and the norm of its gradient. */
export function adamwStep(
  { value, gradient, m, v }: Record<'value' | 'gradient' | 'm' | 'v', Numbers>,
  { learningRate, betas, eps, weightDecay, clip, step }: AdamwOptions,
): Record<'value' | 'm' | 'v' | 'norm', number[]> {
  const all = range(value.length)
  const norm = Math.sqrt(sum(all.map((i) => gradient[i]! ** 2)))
  const clipped = all.map((i) => gradient[i]! * Math.min(1, clip / norm))
  const first = all.map((i) => betas[0] * m[i]! + (1 - betas[0]) * clipped[i]!)
  const second = all.map((i) => betas[1] * v[i]! + (1 - betas[1]) * clipped[i]! ** 2)
  const next = all.map((i) => {
    const [mean, square] = [first[i]! / (1 - betas[0] ** step), second[i]! / (1 - betas[1] ** step)]
    return value[i]! * (1 - learningRate * weightDecay) - (learningRate * mean) / (Math.sqrt(square) + eps)
  })
  return { value: next, m: first, v: second, norm: [norm] }
}
