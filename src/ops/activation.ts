import type { Pass } from '../tensor/pass.ts'
import { sizeOf, type Tensor } from '../tensor/tensor.ts'
import { flatGrid } from './grid.ts'
import { activationOf } from './require.ts'

/** The activation functions by the numbers that `activate` in shaders/activations.wgsl takes. */
export const activationKinds = { none: 0, gelu: 1, geluTanh: 2, quickGelu: 3, silu: 4, relu: 5 } as const

export type ActivationKind = keyof typeof activationKinds

/** y = f(x), elementwise, any shape. */
export function activation(pass: Pass, { x }: { x: Tensor }, { kind }: { kind: ActivationKind }): Tensor {
  const y = pass.scratch(x.shape, x.type)
  const kernel = {
    shader: 'activation',
    entry: 'forward',
    activation: activationOf('activation', x),
    overrides: { KIND: activationKinds[kind] },
  }
  const count = sizeOf(x.shape)
  pass.run(kernel, { x, y }, { count }, flatGrid(Math.ceil(count / 64)))
  return y
}
