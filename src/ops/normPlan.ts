import type { Kernel } from '../gpu/wgsl.ts'
import type { Pass } from '../tensor/pass.ts'
import { rowsOf, type Tensor, widthOf } from '../tensor/tensor.ts'
import { flatGrid } from './grid.ts'
import { activationOf } from './require.ts'

/** How a norm over the last axis of `x` goes to the GPU: a row per workgroup, or `rowwise`, a row per invocation, on CPUs. */
export function normPlan(pass: Pass, shader: string, x: Tensor, eps: number) {
  const [rows, width] = [rowsOf(x), widthOf(x)]
  const rowwise = pass.gpu.abilities.cpu && rows > 1 && width % 4 === 0
  const kernel: Omit<Kernel, 'entry'> = { shader, activation: activationOf(shader, x) }
  return { kernel, rowwise, params: { rows, width, eps }, grid: flatGrid(rowwise ? Math.ceil(rows / 8) : rows) }
}
