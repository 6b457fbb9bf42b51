import type { Pass } from '../tensor/pass.ts'
import { sizeOf, type Tensor } from '../tensor/tensor.ts'
import { flatGrid } from './grid.ts'
import { activationOf, require } from './require.ts'

/** The softmax of each group of `width` neighbouring elements, for groups of a few elements; x of any shape. */
export function softmax(pass: Pass, { x }: { x: Tensor }, { width }: { width: number }): Tensor {
  const rows = sizeOf(x.shape) / width
  require(Number.isInteger(rows), () =>
    `softmax: x [${x.shape}] has ${sizeOf(x.shape)} elements, which do not fall into groups of ${width}`)
  const y = pass.scratch(x.shape, x.type)
  const kernel = { shader: 'softmax', entry: 'forward', activation: activationOf('softmax', x) }
  pass.run(kernel, { x, y }, { rows, width }, flatGrid(Math.ceil(rows / 64)))
  pass.tape?.record({ x }, y, { y }, ({ pass, dy, saved }) => ({
    x: () => {
      const dx = pass.scratch(dy.shape, dy.type)
      const backward = { ...kernel, entry: 'backward', activation: activationOf('softmax', saved.y, dy) }
      pass.run(backward, { x: saved.y, dy, dx }, { rows, width }, flatGrid(Math.ceil(rows / 64)))
      return dx
    },
  }))
  return y
}
