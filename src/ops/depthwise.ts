import type { Pass } from '../tensor/pass.ts'
import { rowsOf, sizeOf, type Tensor, widthOf } from '../tensor/tensor.ts'
import { flatGrid, rowGrid } from './grid.ts'
import { activationOf, require } from './require.ts'
import { sumRows } from './sumRows.ts'

/** Extents of a feature map, whose pixels are rows one below the other. */
export interface MapSize {
  height: number
  width: number
}

/** Channels per workgroup, and rows of a map that an invocation of the wide kernels takes together; as in depthwise.wgsl. */
const [size, rowsTogether] = [32, 4]

/**
 * y = a 3×3 convolution of each channel by itself, of stride 1 and padded by zeros: `x` [maps · height · width, C], `weight` [C, 1, 3, 3]
 * in f32.
 */
export function depthwise(pass: Pass, { x, weight }: { x: Tensor; weight: Tensor }, map: MapSize): Tensor {
  const channels = widthOf(x)
  const pixels = map.height * map.width
  require(pixels > 0 && rowsOf(x) % pixels === 0, () =>
    `depthwise: x [${x.shape}] is no whole number of maps of ${map.height} × ${map.width} pixels`)
  require(sizeOf(weight.shape) === 9 * channels, () =>
    `depthwise: x [${x.shape}] needs a weight [${channels},1,3,3], found [${weight.shape}]`)
  const y = convolved(pass, x, weight, map, false)
  pass.tape?.record({ x, weight }, y, { x, weight }, ({ pass, dy, saved }) => ({
    x: () => convolved(pass, dy, saved.weight, map, true),
    weight: { add: (into) => weightGradient(pass, { x: saved.x, dy, into }, map) },
  }))
  return y
}

/** The convolution, or with the kernel turned about its gradient by x. */
function convolved(pass: Pass, x: Tensor, weight: Tensor, map: MapSize, turned: boolean): Tensor {
  const y = pass.scratch(x.shape, x.type)
  const { kernel, params, wide, groups } = planOf(pass, map, x)
  const overrides = { TURNED: Number(turned) }
  if (wide) {
    const spans = Math.ceil(map.width / params.span)
    const grid: [number, number, number] = [groups, Math.ceil(map.height / rowsTogether) * spans, params.maps]
    pass.run({ ...kernel, entry: 'forward4', overrides }, { x4: x, weight4: weight, y4: y }, params, grid)
  } else {
    pass.run({ ...kernel, entry: 'forward', overrides }, { x, weight, y }, params, rowGrid(rowsOf(x), groups))
  }
  return y
}

function weightGradient(pass: Pass, { x, dy, into }: { x: Tensor; dy: Tensor; into: Tensor }, map: MapSize): void {
  const { kernel, params, wide, groups } = planOf(pass, map, x, dy)
  if (!wide) {
    const grid = flatGrid(Math.ceil((9 * params.channels) / size))
    pass.run({ ...kernel, entry: 'backwardWeight' }, { x, dy, dWeight: into }, params, grid)
    return
  }
  const strips = params.maps * Math.ceil(map.height / rowsTogether)
  const slices = Math.min(strips, Math.ceil((pass.gpu.abilities.cpu ? 8 : 256) / groups))
  const sums = slices === 1 ? into : pass.scratch([slices, 9 * params.channels])
  const buffers = { x4: x, dy4: dy, dWeight4: sums }
  const all = { ...params, slices, accumulate: Number(slices === 1) }
  pass.run({ ...kernel, entry: 'backwardWeight4' }, buffers, all, [groups, slices])
  if (slices > 1) sumRows(pass, { x: sums, into })
}

/** `wide`: four channels to an invocation, which on a CPU walks along whole rows. */
function planOf(pass: Pass, { height, width }: MapSize, x: Tensor, ...others: Tensor[]) {
  const channels = widthOf(x)
  const wide = channels % 4 === 0
  const params = {
    maps: rowsOf(x) / (height * width),
    height,
    width,
    channels,
    span: pass.gpu.abilities.cpu ? width : 4,
    slices: 1,
    accumulate: 1,
  }
  const kernel = { shader: 'depthwise', activation: activationOf('depthwise', x, ...others) }
  return { kernel, params, wide, groups: Math.ceil(channels / (wide ? 4 : 1) / size) }
}
