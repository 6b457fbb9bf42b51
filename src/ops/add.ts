import type { Pass } from '../tensor/pass.ts'
import type { Sums } from '../tensor/tape.ts'
import { sizeOf, type Tensor } from '../tensor/tensor.ts'
import { flatGrid, strideGrid } from './grid.ts'
import { activationOf, require } from './require.ts'
import { sumRows } from './sumRows.ts'

/** x + y, of x's shape; where y has fewer leading axes ([N, D] beside [B, N, D]) it repeats along those that it lacks. */
export function add(pass: Pass, { x, y }: { x: Tensor; y: Tensor }): Tensor {
  const trailing = x.shape.slice(Math.max(0, x.shape.length - y.shape.length))
  require(y.shape.length <= x.shape.length && trailing.every((extent, i) => extent === y.shape[i]), () =>
    `add: y [${y.shape}] is neither of x's shape [${x.shape}] nor of its last axes`)
  const z = pass.scratch(x.shape, x.type)
  const [count, period] = [sizeOf(x.shape), sizeOf(y.shape)]
  const kernel = { shader: 'add', activation: activationOf('add', x, y) }
  if (count === period) {
    const buffers = { x4: x, y4: y, z4: z }
    pass.run(
      { ...kernel, entry: 'forward4' },
      buffers,
      { count, period },
      strideGrid(count / 4, pass.gpu.abilities.cpu),
    )
  } else {
    pass.run({ ...kernel, entry: 'forward' }, { x, y, z }, { count, period }, flatGrid(Math.ceil(count / 64)))
  }
  pass.tape?.record({ x, y }, z, {}, ({ pass, dy: dz }) => ({
    x: () => dz,
    y: () => (count === period ? { ...dz, shape: y.shape } : sumOfRepeats(pass, dz, y.shape)),
  }))
  return z
}

/** Σ of `dz` over the leading axes that `shape` lacks. */
function sumOfRepeats(pass: Pass, dz: Tensor, shape: readonly number[]): Tensor {
  const dy = pass.scratch(shape)
  pass.clear(dy)
  sumRows(pass, { x: { ...dz, shape: [sizeOf(dz.shape) / sizeOf(shape), sizeOf(shape)] }, into: dy })
  return dy
}

/** into += x, elementwise; `into` in f32, as many elements as `x`. */
export function addTo(pass: Pass, { x, into }: { x: Tensor; into: Tensor }): void {
  const count = sizeOf(x.shape)
  require(count === sizeOf(into.shape) && into.type === 'f32', () =>
    `addTo: into must be f32 with the ${count} elements of x [${x.shape}], found ${into.type} [${into.shape}]`)
  const kernel = { shader: 'add', entry: 'addTo', activation: activationOf('addTo', x) }
  pass.run(kernel, { x4: x, into4: into }, { count, period: count }, strideGrid(count / 4, pass.gpu.abilities.cpu))
}

/** The sums that a tape makes. */
export const sums: Sums = {
  sum: (pass, x, y) => add(pass, { x, y }),
  addTo: (pass, x, into) => addTo(pass, { x, into }),
}
