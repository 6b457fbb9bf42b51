import type { Pass } from '../tensor/pass.ts'
import { rowsOf, sizeOf, type Tensor, widthOf } from '../tensor/tensor.ts'
import type { MapSize } from './depthwise.ts'
import { activationOf, require } from './require.ts'

export interface SamplingOptions {
  /** The maps of an image, in the order of its rows. */
  levels: readonly MapSize[]
  heads: number
  /** Per head and level. */
  points: number
  /** B: rows of value and queries fall into that many equal parts that do not see each other. */
  images?: number
  /** Whether a CPU stands in for the GPU, in place of what the device says; tests compare both ways of computing. */
  cpu?: boolean
}

export interface SamplingInputs {
  /** [B · Σ height · width, heads · K], the maps of an image one below the other, each row-major. */
  value: Tensor
  /** [B · M, heads, levels, points, 2] in f32, x and y, 0 to 1 across a map. */
  locations: Tensor
  /** [B · M, heads, levels, points] */
  weights: Tensor
}

/**
 * Multi-scale deformable sampling: per query and head the sum over levels and points of weight · value at the location, [B · M,
 * heads · K]; between cells by bilinear interpolation, zeros outside, `align_corners` false. A location that is not finite is outside.
 * Where a point lies exactly on a cell, its gradient is the slope towards the cell that follows, as in PyTorch's `grid_sample`. Zhu et
 * al. 2020, arXiv:2010.04159.
 */
export function deformableSampling(pass: Pass, inputs: SamplingInputs, options: SamplingOptions): Tensor {
  const plan = planOf(pass, inputs, options)
  const { heads, width, queries, images, chunks } = plan
  const grid: [number, number, number] = [Math.ceil((queries * heads * chunks) / 64), 1, images]
  const y = pass.scratch([images * queries, heads * width], inputs.value.type)
  const unused = pass.scratch([1])
  const ends = plan.aligned ? { y: unused, y4: y } : { y, y4: unused }
  for (const params of plan.levels) pass.run(plan.kernel('forward'), { ...inputs, ...ends }, params, grid)
  const valueShape = inputs.value.shape
  pass.tape?.record({ ...inputs }, y, { ...inputs }, ({ pass, dy, saved }) => {
    let found: PointGradients | undefined
    const backward = () => {
      found ??= pointGradients(pass, { ...saved, dy }, plan)
      return found
    }
    return {
      value: () => valueGradient(pass, { ...saved, dy }, plan, valueShape),
      locations: () => backward().dLocations,
      weights: () => backward().dWeights,
    }
  })
  return y
}

type Plan = ReturnType<typeof planOf>

/** Checks that all fits, and what every kernel is told; one record of parameters per level. */
function planOf(pass: Pass, { value, locations, weights }: SamplingInputs, options: SamplingOptions) {
  const { heads, points, images = 1, cpu = pass.gpu.abilities.cpu } = options
  const width = widthOf(value) / heads
  const cells = options.levels.reduce((sum, map) => sum + map.height * map.width, 0)
  const perQuery = heads * options.levels.length * points
  const queries = sizeOf(weights.shape) / perQuery / images
  require(Number.isInteger(width), () =>
    `deformableSampling: value [${value.shape}] has rows of ${widthOf(value)}, which do not fall evenly on ${heads} heads`)
  require(rowsOf(value) === images * cells, () =>
    `deformableSampling: value [${value.shape}] has ${rowsOf(value)} rows, ${images} images with maps of ${sizes(options)} cells have ${images * cells}`)
  require(Number.isInteger(queries) && sizeOf(locations.shape) === 2 * sizeOf(weights.shape), () =>
    `deformableSampling: locations [${locations.shape}] and weights [${weights.shape}] should be [${images} images · queries, ${heads}, ${options.levels.length}, ${points}, 2] and the same without the 2`)
  require(locations.type === 'f32', () => `deformableSampling: locations must be f32, found ${locations.type}`)
  const aligned = width % 4 === 0
  const chunks = cpu ? 1 : Math.ceil(width / 4)
  const activation = activationOf('deformableSampling', value, weights)
  const shift = Math.ceil(Math.log2(points))
  const shared = {
    queries,
    heads,
    width,
    levels: options.levels.length,
    points,
    shift,
    cells,
    columns: Math.ceil(width / 4) / chunks,
  }
  let firstCell = 0
  const levels = options.levels.map((map, level) => {
    const params = { ...shared, level, firstCell, mapWidth: map.width, mapHeight: map.height }
    firstCell += map.height * map.width
    return params
  })
  const kernel = (entry: string, columns = 1) => ({
    shader: 'deformableSampling',
    entry,
    activation,
    overrides: { ALIGNED: Number(aligned), COLUMNS: columns },
  })
  const together = [4, 2].find((columns) => cpu && width % (4 * columns) === 0) ?? 1
  return { ...shared, images, aligned, chunks, kernel, together, cpu, levels }
}

const sizes = ({ levels }: SamplingOptions) => levels.map(({ height, width }) => `${height}×${width}`).join(', ')

interface PointGradients {
  dLocations: Tensor
  dWeights: Tensor
}

function pointGradients(pass: Pass, inputs: SamplingInputs & { dy: Tensor }, plan: Plan): PointGradients {
  const { value, locations, weights, dy } = inputs
  const [dLocations, dWeights] = [pass.scratch(locations.shape), pass.scratch(weights.shape, weights.type)]
  const buffers = { value, locations, weights, dy, dLocations, dWeights }
  const grid = Math.ceil((plan.queries * plan.heads * plan.points) / 64)
  for (const params of plan.levels) pass.run(plan.kernel('backwardPoints'), buffers, params, [grid, 1, plan.images])
  return { dLocations, dWeights }
}

function valueGradient(
  pass: Pass,
  { locations, weights, dy }: SamplingInputs & { dy: Tensor },
  plan: Plan,
  shape: readonly number[],
): Tensor {
  const { kernel, images, heads, queries, shift } = plan
  const groups = images * heads
  const slots = queries << shift
  const dx = pass.scratch(shape, dy.type)
  const unused = pass.scratch([1])
  const ends = plan.aligned ? { dValue: unused, dValue4: dx } : { dValue: dx, dValue4: unused }
  for (const params of plan.levels) {
    pass.scope(() => {
      const bins = (params.mapWidth + 1) * (params.mapHeight + 1)
      const [records, first] = [pass.scratch([groups * slots, 4], 'u32'), pass.scratch([groups * bins], 'u32')]
      if (plan.cpu) {
        pass.clear(first)
        const buffers = { locations, weights, records, first }
        pass.run(kernel('chain'), buffers, params, [Math.ceil(heads / 8), 1, images])
      } else {
        const binned = pass.scratch([groups * slots], 'u32')
        const buffers = { locations, weights, records, bins: binned }
        pass.run(kernel('bin'), buffers, params, [Math.ceil(slots / 64), heads, images])
        const linked = { records, bins: binned, first }
        pass.run(kernel('link'), linked, params, [Math.ceil((slots + bins) / 64), heads, images])
      }
      const buffers = { dy, records, first, ...ends }
      pass.run(kernel('backwardValue', plan.together), buffers, params, [params.mapWidth, params.mapHeight, images])
      return []
    })
  }
  return dx
}
