import type { Pass } from '../tensor/pass.ts'
import { rowsOf, type Tensor, widthOf } from '../tensor/tensor.ts'
import type { MapSize } from './depthwise.ts'
import { activationOf, require } from './require.ts'

/** The kernel finds windows in floating point, which is exact up to here. */
const largestSide = 512

/**
 * Means over windows, from maps of one size to maps of another, smaller or larger: `x` [maps · height · width, C] →
 * [maps · toHeight · toWidth, C]. Cell i covers [⌊i · n / m⌋, ⌈(i + 1) · n / m⌉) along each side, as PyTorch's AdaptiveAvgPool2d.
 */
export function adaptivePool(pass: Pass, { x }: { x: Tensor }, { size, to }: { size: MapSize; to: MapSize }): Tensor {
  const sides = [size.height, size.width, to.height, to.width]
  require(sides.every((side) => Number.isInteger(side) && side > 0 && side <= largestSide), () =>
    `adaptivePool: sides must be from 1 to ${largestSide}, found ${size.height} × ${size.width} to ${to.height} × ${to.width}`)
  require(rowsOf(x) % (size.height * size.width) === 0, () =>
    `adaptivePool: x [${x.shape}] is no whole number of maps of ${size.height} × ${size.width} pixels`)
  const y = pooled(pass, x, size, to, false)
  pass.tape?.record({ x }, y, {}, ({ pass, dy }) => ({ x: () => pooled(pass, dy, to, size, true) }))
  return y
}

/** Each pixel of the result from those of `x` that its window covers; `spread` is the gradient of the way back. */
function pooled(pass: Pass, x: Tensor, size: MapSize, to: MapSize, spread: boolean): Tensor {
  const channels = widthOf(x)
  const maps = rowsOf(x) / (size.height * size.width)
  const y = pass.scratch([maps * to.height * to.width, channels], x.type)
  const params = { ...size, toHeight: to.height, toWidth: to.width, channels }
  const kernel = {
    shader: 'adaptivePool',
    activation: activationOf('adaptivePool', x),
    overrides: { SPREAD: Number(spread) },
  }
  const grid: [number, number, number] = [to.width, to.height, maps]
  if (channels % 4 === 0) pass.run({ ...kernel, entry: 'forward4' }, { x4: x, y4: y }, params, grid)
  else pass.run({ ...kernel, entry: 'forward' }, { x, y }, params, grid)
  return y
}
