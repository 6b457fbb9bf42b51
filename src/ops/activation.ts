import type { Pass } from '../tensor/pass.ts'
import { sizeOf, type Tensor } from '../tensor/tensor.ts'
import { strideGrid } from './grid.ts'
import { activationOf } from './require.ts'

/** The activation functions by the numbers that `activate` in shaders/activations.wgsl takes. */
export const activationKinds = { none: 0, gelu: 1, geluTanh: 2, quickGelu: 3, silu: 4, relu: 5, sigmoid: 6 } as const

export type ActivationKind = keyof typeof activationKinds

/** y = f(x), elementwise, any shape. */
export function activation(pass: Pass, { x }: { x: Tensor }, { kind }: { kind: ActivationKind }): Tensor {
  const y = pass.scratch(x.shape, x.type)
  const count = sizeOf(x.shape)
  pass.run(kernelOf('forward', kind, x), { x4: x, y4: y }, { count }, strideGrid(count / 4, pass.gpu.abilities.cpu))
  pass.tape?.record({ x }, y, { x }, ({ pass, dy, saved }) => ({
    x: () => activationGradient(pass, { x: saved.x, dy }, { kind }),
  }))
  return y
}

/** dx = dy · f'(x); relu has no slope at 0. */
export function activationGradient(
  pass: Pass,
  { x, dy }: { x: Tensor; dy: Tensor },
  { kind }: { kind: ActivationKind },
): Tensor {
  const dx = pass.scratch(x.shape, x.type)
  const count = sizeOf(x.shape)
  const buffers = { x4: x, dy4: dy, dx4: dx }
  pass.run(kernelOf('backward', kind, x, dy), buffers, { count }, strideGrid(count / 4, pass.gpu.abilities.cpu))
  return dx
}

function kernelOf(entry: string, kind: ActivationKind, ...tensors: Tensor[]) {
  const activation = activationOf('activation', ...tensors)
  return { shader: 'activation', entry, activation, overrides: { KIND: activationKinds[kind] } }
}
