import type { Pass } from '../tensor/pass.ts'
import { rowsOf, type Tensor, widthOf } from '../tensor/tensor.ts'
import { flatGrid } from './grid.ts'
import { activationOf, require } from './require.ts'

/** y = x · gain / sqrt(mean(x²) + eps) over the last axis; `x` [.., width], `gain` [width] in f32. Zhang & Sennrich 2019. */
export function rmsNorm(pass: Pass, { x, gain }: { x: Tensor; gain: Tensor }, { eps }: { eps: number }): Tensor {
  const width = widthOf(x)
  require(widthOf(gain) === width, () => `rmsNorm: x [${x.shape}] has rows of ${width}, gain has ${widthOf(gain)}`)
  const y = pass.scratch(x.shape, x.type)
  const rows = rowsOf(x)
  const kernel = { shader: 'rmsNorm', activation: activationOf('rmsNorm', x) }
  const params = { rows, width, eps }
  if (pass.gpu.abilities.cpu && rows > 1 && width % 4 === 0) {
    const buffers = { x4: x, gain4: gain, y4: y }
    pass.run({ ...kernel, entry: 'forwardRows' }, buffers, params, flatGrid(Math.ceil(rows / 8)))
  } else {
    pass.run({ ...kernel, entry: 'forward' }, { x, gain, y }, params, flatGrid(rows))
  }
  return y
}
