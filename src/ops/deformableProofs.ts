import { deformableSampling } from './deformableSampling.ts'
import type { GradientProof } from './gradientProofs.ts'
import { cellsOf, plainSampling, pointsOf, type SamplingShape } from './plainSampling.ts'
import { type Samples, wave } from './proof.ts'
import { backwards } from './queryProofs.ts'
import { samplingLocations } from './samplingLocations.ts'
import { softmax } from './softmax.ts'

const levels = [
  { height: 5, width: 4 },
  { height: 2, width: 3 },
]

/**
 * Queries of two images that look at points of two maps, as in a D-Abstractor: locations from reference points and offsets, some outside,
 * the softmax of the weights, and sampling, with the gradients of all that they read. `width` is that of a head.
 */
export function samplingProof(samples: Samples, { width }: { width: number }): GradientProof {
  const shape: SamplingShape = { images: 2, queries: 6, heads: 3, points: 3, width, levels }
  const { images, queries, heads, points } = shape
  const count = pointsOf(shape)
  const values = {
    value: wave(cellsOf(shape) * heads * width, 0.37),
    reference: wave(2 * queries, 0.9).map((v) => 0.5 + 0.5 * v),
    offsets: wave(2 * count, 0.51).map((v) => 1.5 * v),
    logits: wave(count, 0.61).map((v) => 2 * v),
  }
  const dy = wave(images * queries * heads * width, 0.23)
  const perQuery = count / (images * queries)
  const inputs = {
    value: samples.put([cellsOf(shape), heads * width], values.value),
    reference: samples.put([queries, 2], values.reference),
    offsets: samples.put([images * queries, 2 * perQuery], values.offsets),
    logits: samples.put([images * queries, perQuery], values.logits),
  }
  const arrived = samples.put([images * queries, heads * width], dy)
  const { value, reference, offsets, logits } = inputs
  return {
    what: `the gradient of deformable sampling, heads of width ${width}`,
    paths: [],
    run: (pass) =>
      backwards(pass, inputs, arrived, () => {
        const locations = samplingLocations(pass, { reference, offsets }, shape)
        const weights = softmax(pass, { x: logits }, { width: levels.length * points })
        return deformableSampling(pass, { value, locations, weights }, shape)
      }),
    want: plainLook(shape, { ...values, dy }),
  }
}

/** The three of them in f64. */
function plainLook(
  shape: SamplingShape,
  { value, reference, offsets, logits, dy }: Record<'value' | 'reference' | 'offsets' | 'logits' | 'dy', Float32Array>,
): Record<'y' | 'value' | 'reference' | 'offsets' | 'logits', Float64Array> {
  const { queries, heads, points } = shape
  const perQuery = heads * levels.length * points
  const sizeAt = (i: number) => {
    const map = levels[Math.floor(i / (2 * points)) % levels.length]!
    return i % 2 === 0 ? map.width : map.height
  }
  const referenceAt = (i: number) => 2 * (Math.floor(i / (2 * perQuery)) % queries) + (i % 2)
  const locations = Float64Array.from(offsets, (offset, i) => reference[referenceAt(i)]! + offset / sizeAt(i))
  const group = levels.length * points
  const groupOf = (values: ArrayLike<number>, i: number) =>
    Array.from({ length: group }, (_, j) => values[i - (i % group) + j]!)
  const exps = Float64Array.from(logits, Math.exp)
  const weights = exps.map((value, i) => value / groupOf(exps, i).reduce((a, b) => a + b))
  const { y, dValue, dLocations, dWeights } = plainSampling(shape, { value, locations, weights, dy })
  const dReference = new Float64Array(reference.length)
  dLocations.forEach((flow, i) => {
    dReference[referenceAt(i)]! += flow
  })
  const pulls = dWeights.map((flow, i) => flow * weights[i]!)
  return {
    y,
    value: dValue,
    reference: dReference,
    offsets: dLocations.map((flow, i) => flow / sizeAt(i)),
    logits: pulls.map((pull, i) => pull - weights[i]! * groupOf(pulls, i).reduce((a, b) => a + b)),
  }
}
