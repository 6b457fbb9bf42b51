import type { Gpu } from '../src/gpu/device.ts'
import { deformableSampling } from '../src/ops/deformableSampling.ts'
import { plainSampling } from '../src/ops/plainSampling.ts'
import type { Pass } from '../src/tensor/pass.ts'
import { seeded } from '../src/tensor/random.ts'
import { activationGradient } from './gradientPass.ts'
import { buffersOf, noise, tensorOf } from './inputs.ts'
import type { MapCase } from './mapCases.ts'

export interface SamplingSize {
  /** Of the square map. */
  side: number
  queries: number
  heads: number
  /** Of a head. */
  width: number
  points: number
}

/** What a D-Abstractor samples by: a value for all cells, and points within two cells of each query's reference, some of them outside. */
export function samplingInputs({ side, queries, heads, width, points }: SamplingSize) {
  const random = seeded(5)
  const grid = Math.round(Math.sqrt(queries))
  const reference = (query: number, axis: number) => ((axis ? Math.floor(query / grid) : query % grid) + 0.5) / grid
  return {
    value: noise(side * side * heads * width, 4),
    locations: Float32Array.from(
      { length: 2 * queries * heads * points },
      (_, i) => reference(Math.floor(i / (2 * heads * points)), i % 2) + (4 * (random() - 0.5)) / side,
    ),
    weights: Float32Array.from({ length: queries * heads * points }, () => random() / points),
  }
}

/** Deformable sampling, the gradient of its values, and that of its locations and weights. */
export function samplingCases(gpu: Gpu, size: SamplingSize): MapCase[] {
  const { side, queries, heads, width, points } = size
  const values = samplingInputs(size)
  const flow = noise(queries * heads * width, 6)
  const levels = [{ height: side, width: side }]
  const wanted = plainSampling({ images: 1, queries, heads, width, points, levels }, { ...values, dy: flow })
  const value = tensorOf(gpu, [side * side, heads * width], values.value)
  const locations = tensorOf(gpu, [queries, heads, 1, points, 2], values.locations)
  const weights = tensorOf(gpu, [queries, heads, 1, points], values.weights)
  const dy = tensorOf(gpu, [queries, heads * width], flow)
  const run = (pass: Pass) => deformableSampling(pass, { value, locations, weights }, { levels, heads, points })
  const every = (all: ArrayLike<number>) =>
    Array.from({ length: 64 }, (_, i): [number, number] => {
      const at = Math.floor((i * (all.length - 1)) / 63)
      return [at, all[at]!]
    })
  const [rows, chosen] = [4 * heads * width, queries * heads * points]
  const shared = {
    shape: `${side} × ${side} → ${queries}, ${heads} heads of ${width}, ${points} points`,
    flops: 8 * chosen * width,
    target: 50,
    buffers: [],
  }
  return [
    {
      ...shared,
      name: 'deformable sampling',
      bytes: rows * (side * side + queries) + 12 * chosen,
      gathered: 16 * chosen * width + rows * queries + 12 * chosen,
      run,
      expected: every(wanted.y),
    },
    {
      ...shared,
      name: 'deformable sampling, gradient of the value',
      bytes: rows * (side * side + queries) + 12 * chosen,
      gathered: 16 * chosen * width + rows * side * side + 12 * chosen,
      run: (pass) => activationGradient(pass, value, dy, () => run(pass)),
      expected: every(wanted.dValue),
    },
    {
      ...shared,
      name: 'deformable sampling, gradients of locations and weights',
      bytes: rows * (side * side + queries) + 24 * chosen,
      gathered: 20 * chosen * width + 24 * chosen,
      run: (pass) => activationGradient(pass, locations, dy, () => run(pass)),
      expected: every(wanted.dLocations),
      buffers: buffersOf(value, locations, weights, dy),
    },
  ]
}
