import type { Pass } from '../tensor/pass.ts'
import { rowsOf, type Tensor, widthOf } from '../tensor/tensor.ts'
import { flatGrid } from './grid.ts'
import { activationOf, require } from './require.ts'

/**
 * y = (x - mean) · gain / sqrt(variance + eps) + bias over the last axis; `x` [.., width], `gain` and `bias` [width] in f32.
 * Ba, Kiros & Hinton 2016.
 */
export function layerNorm(
  pass: Pass,
  { x, gain, bias }: { x: Tensor; gain: Tensor; bias: Tensor },
  { eps }: { eps: number },
): Tensor {
  const width = widthOf(x)
  require(widthOf(gain) === width && widthOf(bias) === width, () =>
    `layerNorm: x [${x.shape}] has rows of ${width}, gain has ${widthOf(gain)} and bias ${widthOf(bias)}`)
  const y = pass.scratch(x.shape, x.type)
  const rows = rowsOf(x)
  const kernel = { shader: 'layerNorm', activation: activationOf('layerNorm', x) }
  const params = { rows, width, eps }
  if (pass.gpu.abilities.cpu && rows > 1 && width % 4 === 0) {
    const buffers = { x4: x, gain4: gain, bias4: bias, y4: y }
    pass.run({ ...kernel, entry: 'forwardRows' }, buffers, params, flatGrid(Math.ceil(rows / 8)))
  } else {
    pass.run({ ...kernel, entry: 'forward' }, { x, gain, bias, y }, params, flatGrid(rows))
  }
  return y
}
