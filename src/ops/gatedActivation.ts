import type { Pass } from '../tensor/pass.ts'
import { rowsOf, type Tensor, widthOf } from '../tensor/tensor.ts'
import { type ActivationKind, activationKinds } from './activation.ts'
import { rowGrid } from './grid.ts'
import { activationOf, require } from './require.ts'

/** f(gate) · up; `x` [.., 2F] has the gate's F columns first, the result is [.., F]. SiLU makes it the SwiGLU of Shazeer 2020. */
export function gatedActivation(
  pass: Pass,
  { x }: { x: Tensor },
  { kind = 'silu' }: { kind?: ActivationKind } = {},
): Tensor {
  const width = widthOf(x) / 2
  require(Number.isInteger(width), () =>
    `gatedActivation: x [${x.shape}] has an odd width; gate and up must be as wide`)
  const y = pass.scratch([...x.shape.slice(0, -1), width], x.type)
  const aligned = width % 4 === 0
  const kernel = {
    shader: 'gatedActivation',
    entry: aligned ? 'forward4' : 'forward',
    activation: activationOf('gatedActivation', x),
    overrides: { KIND: activationKinds[kind] },
  }
  const rows = rowsOf(x)
  const buffers: Record<string, Tensor> = aligned ? { x4: x, y4: y } : { x, y }
  pass.run(kernel, buffers, { rows, width }, rowGrid(rows, Math.ceil(width / (aligned ? 256 : 64))))
  return y
}
