import type { Pass } from '../tensor/pass.ts'
import { rowsOf, sizeOf, type Tensor, widthOf } from '../tensor/tensor.ts'
import { strideGrid } from './grid.ts'
import { activationOf, require } from './require.ts'

/** z = x + y, with y added to every image: `x` [images · N, C], `y` [N, C], each with leading axes of any kind. */
export function addRepeated(pass: Pass, { x, y }: { x: Tensor; y: Tensor }): Tensor {
  const fits = widthOf(x) === widthOf(y) && rowsOf(y) > 0 && rowsOf(x) % rowsOf(y) === 0
  require(fits, () => `addRepeated: x [${x.shape}] is no whole number of images of y [${y.shape}]`)
  const z = pass.scratch(x.shape, x.type)
  const [times, period] = [rowsOf(x) / rowsOf(y), sizeOf(y.shape)]
  const buffers: Record<string, Tensor> = period % 4 === 0 ? { x4: x, shift4: y, y4: z } : { x, shift: y, y: z }
  run(pass, 'add', activationOf('addRepeated', x, y), buffers, times, period)
  const shape = y.shape
  pass.tape?.record({ x, y }, z, {}, ({ pass, dy }) => ({
    x: () => dy,
    y: () => sumOfRepeats(pass, dy, shape),
  }))
  return z
}

/** All rows of `x` [.., C] `times` times, one copy below the other: [times · M, C]. */
export function repeatRows(pass: Pass, { x }: { x: Tensor }, { times }: { times: number }): Tensor {
  require(Number.isInteger(times) && times > 0, () => `repeatRows: times must be a positive integer, found ${times}`)
  const y = pass.scratch([times * rowsOf(x), widthOf(x)], x.type)
  const period = sizeOf(x.shape)
  const buffers: Record<string, Tensor> = period % 4 === 0 ? { x4: x, y4: y } : { x, y }
  run(pass, 'forward', activationOf('repeatRows', x), buffers, times, period)
  const shape = x.shape
  pass.tape?.record({ x }, y, {}, ({ pass, dy }) => ({ x: () => sumOfRepeats(pass, dy, shape) }))
  return y
}

/** Σ of `dy` over its images of `shape`. */
function sumOfRepeats(pass: Pass, dy: Tensor, shape: readonly number[]): Tensor {
  const period = sizeOf(shape)
  const times = sizeOf(dy.shape) / period
  if (times === 1) return { ...dy, shape }
  const dx = pass.scratch(shape, dy.type)
  const buffers: Record<string, Tensor> = period % 4 === 0 ? { dy4: dy, dx4: dx } : { dy, dx }
  run(pass, 'backward', activationOf('repeat', dy), buffers, times, period)
  return dx
}

function run(
  pass: Pass,
  entry: 'forward' | 'add' | 'backward',
  activation: ReturnType<typeof activationOf>,
  buffers: Record<string, Tensor>,
  times: number,
  period: number,
): void {
  const step = period % 4 === 0 ? 4 : 1
  const kernel = { shader: 'repeat', entry: step === 4 ? `${entry}4` : entry, activation }
  pass.run(kernel, buffers, { times, period }, strideGrid(period / step, pass.gpu.abilities.cpu))
}
