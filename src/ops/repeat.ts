import type { Pass } from '../tensor/pass.ts'
import { rowsOf, sizeOf, type Tensor, widthOf } from '../tensor/tensor.ts'
import { strideGrid } from './grid.ts'
import { activationOf, require } from './require.ts'

/** z = x + y, with y added to every image: `x` [images · N, C], `y` [N, C], each with leading axes of any kind. */
export function addRepeated(pass: Pass, { x, y }: { x: Tensor; y: Tensor }): Tensor {
  const fits = widthOf(x) === widthOf(y) && rowsOf(y) > 0 && rowsOf(x) % rowsOf(y) === 0
  require(fits, () => `addRepeated: x [${x.shape}] is no whole number of images of y [${y.shape}]`)
  const z = pass.scratch(x.shape, x.type)
  const extents = { times: rowsOf(x) / rowsOf(y), period: sizeOf(y.shape), front: 0 }
  run(pass, 'add', { x, shift: y, y: z }, extents, extents.period)
  const shape = y.shape
  pass.tape?.record({ x, y }, z, {}, ({ pass, dy }) => ({
    x: () => dy,
    y: () => sumOfRepeats(pass, dy, shape, extents),
  }))
  return z
}

/** The rows of `y` [e, C] behind each of the `images` of `x` [images · M, C]: [images · (M + e), C]. */
export function appendRepeated(pass: Pass, { x, y }: { x: Tensor; y: Tensor }, { images }: { images: number }): Tensor {
  const fits = widthOf(x) === widthOf(y) && images > 0 && rowsOf(x) % images === 0
  require(fits, () => `appendRepeated: x [${x.shape}] and y [${y.shape}] do not make ${images} images of equal rows`)
  const z = pass.scratch([rowsOf(x) + images * rowsOf(y), widthOf(x)], x.type)
  const extents = { times: images, period: sizeOf(y.shape), front: sizeOf(x.shape) / images }
  run(pass, 'append', { x, shift: y, y: z }, extents, extents.front + extents.period)
  const shapes = [x.shape, y.shape] as const
  pass.tape?.record({ x, y }, z, {}, ({ pass, dy }) => ({
    x: () => {
      const dx = pass.scratch(shapes[0], dy.type)
      run(pass, 'backwardFront', { dy, dx }, extents, extents.front)
      return dx
    },
    y: () => sumOfRepeats(pass, dy, shapes[1], extents),
  }))
  return z
}

/** All rows of `x` [.., C] `times` times, one copy below the other: [times · M, C]. */
export function repeatRows(pass: Pass, { x }: { x: Tensor }, { times }: { times: number }): Tensor {
  require(Number.isInteger(times) && times > 0, () => `repeatRows: times must be a positive integer, found ${times}`)
  const y = pass.scratch([times * rowsOf(x), widthOf(x)], x.type)
  const period = sizeOf(x.shape)
  run(pass, 'forward', { x, y }, { times, period, front: 0 }, period)
  const shape = x.shape
  pass.tape?.record({ x }, y, {}, ({ pass, dy }) => ({
    x: () => sumOfRepeats(pass, dy, shape, { times, period, front: 0 }),
  }))
  return y
}

/** Images that repeat `period` elements, behind `front` of their own. */
interface Extents {
  times: number
  period: number
  front: number
}

/** Σ over the images of `dy` of what repeats, of `shape`. */
function sumOfRepeats(pass: Pass, dy: Tensor, shape: readonly number[], extents: Extents): Tensor {
  if (extents.times === 1 && extents.front === 0) return { ...dy, shape }
  const dx = pass.scratch(shape, dy.type)
  run(pass, 'backward', { dy, dx }, extents, extents.period)
  return dx
}

/** Runs an entry point over `count` elements of an image, by fours where everything is a multiple of four. */
function run(pass: Pass, entry: string, buffers: Record<string, Tensor>, extents: Extents, count: number): void {
  const activation = activationOf('repeat', ...Object.values(buffers))
  const wide = extents.period % 4 === 0 && extents.front % 4 === 0
  const bound = Object.entries(buffers).map(([name, tensor]) => [wide ? `${name}4` : name, tensor])
  const kernel = { shader: 'repeat', entry: wide ? `${entry}4` : entry, activation }
  const grid = strideGrid(wide ? count / 4 : count, pass.gpu.abilities.cpu)
  pass.run(kernel, Object.fromEntries(bound), { ...extents }, grid)
}
