import type { Pass } from '../tensor/pass.ts'
import { sizeOf, type Tensor } from '../tensor/tensor.ts'
import type { SamplingOptions } from './deformableSampling.ts'
import { flatGrid } from './grid.ts'
import { activationOf, require } from './require.ts'

interface LocationInputs {
  /** [M, 2] in f32, x and y, 0 to 1 across a map; shared by all images, heads and levels. */
  reference: Tensor
  /** [B · M, heads · levels · points · 2], x and y in cells of their level. */
  offsets: Tensor
}

/** Where `deformableSampling` looks, [B · M, heads, levels, points, 2] in f32: reference + offset / (width, height) of the level's map. */
export function samplingLocations(
  pass: Pass,
  { reference, offsets }: LocationInputs,
  { levels, heads, points, images = 1 }: Omit<SamplingOptions, 'search'>,
): Tensor {
  const queries = sizeOf(reference.shape) / 2
  const shape = [images * queries, heads, levels.length, points, 2]
  require(sizeOf(offsets.shape) === sizeOf(shape), () =>
    `samplingLocations: offsets [${offsets.shape}] of ${images} images with ${queries} reference points should have the elements of [${shape}]`)
  const activation = activationOf('samplingLocations', offsets)
  const shared = { images, queries, heads, levels: levels.length, points }
  const grid: [number, number, number] = [Math.ceil((2 * heads * points) / 64), queries, images]
  const kernel = (entry: string) => ({ shader: 'samplingLocations', entry, activation })
  const params = levels.map(({ width, height }, level) => ({ ...shared, level, mapWidth: width, mapHeight: height }))
  const locations = pass.scratch(shape)
  for (const level of params) pass.run(kernel('forward'), { reference, offsets, locations }, level, grid)
  const [referenceShape, offsetsShape, type] = [reference.shape, offsets.shape, offsets.type]
  pass.tape?.record({ reference, offsets }, locations, {}, ({ pass, dy: dLocations }) => ({
    reference: () => {
      const dReference = pass.scratch(referenceShape)
      const whole = flatGrid(Math.ceil((2 * queries) / 64))
      pass.run(kernel('backwardReference'), { dLocations, dReference }, params[0]!, whole)
      return dReference
    },
    offsets: () => {
      const dOffsets = pass.scratch(offsetsShape, type)
      for (const level of params) pass.run(kernel('backwardOffsets'), { dLocations, dOffsets }, level, grid)
      return dOffsets
    },
  }))
  return locations
}
