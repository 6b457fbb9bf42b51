import type { Pass } from '../tensor/pass.ts'
import { sizeOf, type Tensor } from '../tensor/tensor.ts'
import { flatGrid } from './grid.ts'
import { activationOf, require } from './require.ts'

/** x + y, of x's shape; where y has fewer leading axes ([N, D] beside [B, N, D]) it repeats along those that it lacks. */
export function add(pass: Pass, { x, y }: { x: Tensor; y: Tensor }): Tensor {
  const trailing = x.shape.slice(Math.max(0, x.shape.length - y.shape.length))
  require(y.shape.length <= x.shape.length && trailing.every((extent, i) => extent === y.shape[i]), () =>
    `add: y [${y.shape}] is neither of x's shape [${x.shape}] nor of its last axes`)
  const z = pass.scratch(x.shape, x.type)
  const kernel = { shader: 'add', entry: 'forward', activation: activationOf('add', x, y) }
  const count = sizeOf(x.shape)
  pass.run(kernel, { x, y, z }, { count, period: sizeOf(y.shape) }, flatGrid(Math.ceil(count / 64)))
  return z
}
