import type { Pass } from '../tensor/pass.ts'
import { rowsOf, type Tensor, widthOf } from '../tensor/tensor.ts'
import { type ActivationKind, activationKinds } from './activation.ts'
import { rowGrid, strideRows } from './grid.ts'
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
  if (width % 4 === 0) run(pass, 'forward4', kind, y, { x4: x, y4: y })
  else run(pass, 'forward', kind, y, { x, y })
  pass.tape?.record({ x }, y, { x }, ({ pass, dy, saved }) => ({
    x: () => gatedActivationGradient(pass, { x: saved.x, dy }, { kind }),
  }))
  return y
}

/** dx [.., 2F]: dy · up · f'(gate), then dy · f(gate). */
function gatedActivationGradient(
  pass: Pass,
  { x, dy }: { x: Tensor; dy: Tensor },
  { kind }: { kind: ActivationKind },
): Tensor {
  const dx = pass.scratch(x.shape, x.type)
  if (widthOf(dy) % 4 === 0) run(pass, 'backward4', kind, dy, { x4: x, dy4: dy, dx4: dx })
  else run(pass, 'backward', kind, dy, { x, dy, dx })
  return dx
}

function run(pass: Pass, entry: string, kind: ActivationKind, y: Tensor, buffers: Record<string, Tensor>): void {
  const activation = activationOf('gatedActivation', ...Object.values(buffers))
  const kernel = { shader: 'gatedActivation', entry, activation, overrides: { KIND: activationKinds[kind] } }
  const [rows, width] = [rowsOf(y), widthOf(y)]
  const byFour = entry.endsWith('4')
  const grid = byFour ? strideRows(rows, width / 4, pass.gpu.abilities.cpu) : rowGrid(rows, Math.ceil(width / 64))
  pass.run(kernel, buffers, { rows, width }, grid)
}
