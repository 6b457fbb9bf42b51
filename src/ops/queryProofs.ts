import type { Pass } from '../tensor/pass.ts'
import { Tape } from '../tensor/tape.ts'
import type { Tensor } from '../tensor/tensor.ts'
import { sums } from './add.ts'
import { attention } from './attention.ts'
import type { GradientProof } from './gradientProofs.ts'
import { joinRows } from './joinRows.ts'
import { layerNorm } from './layerNorm.ts'
import { type Samples, wave } from './proof.ts'
import { takeRows } from './takeRows.ts'

/** y, and the gradient of each input by its name. */
export function backwards(
  pass: Pass,
  inputs: Record<string, Tensor>,
  dy: Tensor,
  run: () => Tensor,
): Record<string, Tensor> {
  const tape = new Tape(new Map(), sums)
  for (const input of Object.values(inputs)) tape.watch(input)
  pass.tape = tape
  const y = run()
  const flows = tape.backward(pass, y, dy)
  pass.tape = undefined
  return { y, ...Object.fromEntries(Object.entries(inputs).map(([name, input]) => [name, flows.get(input)!])) }
}

interface Extents {
  images: number
  queries: number
  features: number
  heads: number
  width: number
}

/**
 * Learned queries that look at themselves and at the features of two images, as in a resampler, of which all but the first row of each
 * image are taken: attention whose queries are a tensor of their own, rows that are joined and rows that are taken.
 */
export function queriesProof(samples: Samples, { heads, width }: Pick<Extents, 'heads' | 'width'>): GradientProof {
  const extents = { images: 2, queries: 4, features: 13, heads, width }
  const { images, queries, features } = extents
  const taken = { images, first: 1, rows: queries - 1 }
  const D = heads * width
  const [q, own, seen] = [
    wave(images * queries * D, 0.51).map((v) => 1.5 * v),
    wave(images * queries * 2 * D, 0.37),
    wave(images * features * 2 * D, 0.29),
  ]
  const dy = wave(images * taken.rows * D, 0.23)
  const inputs = {
    q: samples.put([images * queries, D], q),
    own: samples.put([images * queries, 2 * D], own),
    seen: samples.put([images * features, 2 * D], seen),
  }
  const arrived = samples.put([images * taken.rows, D], dy)
  const options = { heads, kvHeads: heads, headWidth: width, causal: false, images, offsets: { q: 0, k: 0, v: D } }
  return {
    what: `the gradient of queries that look at an image, heads of width ${width}`,
    paths: ['attentionGradient', 'attention'],
    run: (pass) =>
      backwards(pass, inputs, arrived, () => {
        const kv = joinRows(pass, { a: inputs.own, b: inputs.seen }, { images })
        return takeRows(pass, { x: attention(pass, { q: inputs.q, k: kv, v: kv }, options) }, taken)
      }),
    want: plainQueries({ q, own, seen, dy }, extents),
  }
}

const range = (count: number) => Array.from({ length: count }, (_, i) => i)

function plainQueries(
  { q, own, seen, dy }: Record<'q' | 'own' | 'seen' | 'dy', Float32Array>,
  { images, queries, features, heads, width }: Extents,
): Record<'y' | 'q' | 'own' | 'seen', Float64Array> {
  const D = heads * width
  const scale = 1 / Math.sqrt(width)
  const [y, dq, dOwn, dSeen] = [dy, q, own, seen].map((like) => new Float64Array(like.length)) as [
    Float64Array,
    Float64Array,
    Float64Array,
    Float64Array,
  ]
  for (const image of range(images))
    for (const row of range(queries).slice(1))
      for (const head of range(heads)) {
        const from = (image * queries + row) * D + head * width
        const to = (image * (queries - 1) + row - 1) * D + head * width
        const keys = range(queries + features).map((j) =>
          j < queries
            ? { kv: own, dkv: dOwn, at: (image * queries + j) * 2 * D + head * width }
            : { kv: seen, dkv: dSeen, at: (image * features + j - queries) * 2 * D + head * width },
        )
        const dot = (a: ArrayLike<number>, i: number, b: ArrayLike<number>, j: number) =>
          range(width).reduce((sum, c) => sum + a[i + c]! * b[j + c]!, 0)
        const scores = keys.map(({ kv, at }) => Math.exp(scale * dot(q, from, kv, at)))
        const total = scores.reduce((sum, score) => sum + score, 0)
        const slopes = keys.map(({ kv, at }) => dot(dy, to, kv, at + D))
        const mean = scores.reduce((sum, score, j) => sum + (score / total) * slopes[j]!, 0)
        keys.forEach(({ kv, dkv, at }, j) => {
          const p = scores[j]! / total
          const flow = scale * p * (slopes[j]! - mean)
          for (const c of range(width)) {
            y[to + c]! += p * kv[at + D + c]!
            dq[from + c]! += flow * kv[at + c]!
            dkv[at + c]! += flow * q[from + c]!
            dkv[at + D + c]! += p * dy[to + c]!
          }
        })
      }
  return { y, q: dq, own: dOwn, seen: dSeen }
}

/** LayerNorm by its input; gain and bias are sums over rows like those of other layers. */
export function layerNormProof(samples: Samples): GradientProof {
  const [rows, width, eps] = [17, 64, 1e-3]
  const [x, gain, dy] = [wave(rows * width, 0.37).map((v) => v + 0.5), wave(width, 0.9), wave(rows * width, 0.61)]
  const inputs = { x: samples.put([rows, width], x) }
  const parameters = { gain: samples.put([width], gain), bias: samples.put([width], new Float32Array(width)) }
  const arrived = samples.put([rows, width], dy)
  return {
    what: 'the gradient of layerNorm',
    paths: [],
    run: (pass) => {
      const { x } = backwards(pass, inputs, arrived, () => layerNorm(pass, { ...inputs, ...parameters }, { eps }))
      return { x: x! }
    },
    want: { x: plainLayerNorm(x, gain, dy, eps) },
  }
}

/** (g - mean g - ŷ · mean(g · ŷ)) / deviation of each row, with g = gain · dy and ŷ the normalized row. */
function plainLayerNorm(x: Float32Array, gain: Float32Array, dy: Float32Array, eps: number): Float64Array {
  const width = gain.length
  const mean = (values: readonly number[]) => values.reduce((sum, value) => sum + value, 0) / width
  const rows = range(x.length / width).map((row) => {
    const values = range(width).map((c) => x[row * width + c]!)
    const centre = mean(values)
    const deviation = Math.sqrt(mean(values.map((value) => (value - centre) ** 2)) + eps)
    const normal = values.map((value) => (value - centre) / deviation)
    const flow = range(width).map((c) => gain[c]! * dy[row * width + c]!)
    const [shift, pull] = [mean(flow), mean(flow.map((value, c) => value * normal[c]!))]
    return flow.map((value, c) => (value - shift - normal[c]! * pull) / deviation)
  })
  return Float64Array.from(rows.flat())
}
