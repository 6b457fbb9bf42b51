import type { Pass } from '../tensor/pass.ts'
import { sizeOf, type Tensor } from '../tensor/tensor.ts'
import { flatGrid } from './grid.ts'

/** Floating-point operations of one `multiplyAdd` invocation per round: 8 chains of 8 multiply-adds. */
export const flopsPerRound = 8 * 8 * 2

/** Chains of multiply-adds in registers, `rounds` · 8 long, with the factor x[0] and the summand x[1]; y [invocations, 4]. */
export function multiplyAdd(
  pass: Pass,
  { x }: { x: Tensor },
  { invocations, rounds }: { invocations: number; rounds: number },
): Tensor {
  const y = pass.scratch([invocations, 4])
  pass.run(
    { shader: 'roof', entry: 'multiplyAdd' },
    { x, y },
    { count: invocations, rounds },
    flatGrid(Math.ceil(invocations / 64)),
  )
  return y
}

/** A copy of `x` (f32, a multiple of 4 elements) by a kernel. */
export function copy(pass: Pass, { x }: { x: Tensor }): Tensor {
  const y = pass.scratch(x.shape)
  const count = sizeOf(x.shape) / 4
  pass.run(
    { shader: 'roof', entry: 'copy' },
    { x, y },
    { count, rounds: 0 },
    flatGrid(Math.min(4096, Math.ceil(count / 64))),
  )
  return y
}
