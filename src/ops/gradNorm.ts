import type { Pass } from '../tensor/pass.ts'
import { sizeOf, type Tensor } from '../tensor/tensor.ts'
import { flatGrid } from './grid.ts'
import { require } from './require.ts'

/** Invocations of the kernel's one workgroup that adds everything up. */
const last = 64

/**
 * sqrt(Σ x²) over all elements of all `gradients` (f32), as [1]; NaN where an element or the sum is not finite. The order of the sums
 * depends on the shapes and the kind of device alone.
 */
export function gradNorm(pass: Pass, gradients: readonly Tensor[]): Tensor {
  for (const { type, shape } of gradients)
    require(type === 'f32', () => `gradNorm: gradients must be f32, found ${type} [${shape}]`)
  const most = pass.gpu.abilities.cpu ? 512 : 16384
  const parts = gradients.map(({ shape }) => Math.min(most, Math.ceil(sizeOf(shape) / 64)))
  const partial = pass.scratch([parts.reduce((a, b) => a + b, 0)])
  let first = 0
  gradients.forEach((x, i) => {
    const params = { count: sizeOf(x.shape), stride: parts[i]!, first }
    const grid = flatGrid(Math.ceil(parts[i]! / 64))
    pass.run({ shader: 'gradNorm', entry: 'squares' }, { x4: x, partial }, params, grid)
    first += parts[i]!
  })
  const norm = pass.scratch([1])
  const params = { count: first, stride: last, first: 0 }
  pass.run({ shader: 'gradNorm', entry: 'root' }, { partials: partial, norm }, params, [1])
  pass.drop(partial)
  return norm
}
