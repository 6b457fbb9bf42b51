import type { Pass } from '../tensor/pass.ts'
import { rowsOf, sizeOf, type Tensor, widthOf } from '../tensor/tensor.ts'
import { flatGrid } from './grid.ts'
import { activationOf, require } from './require.ts'

/** into[c] += Σ_r x[r, c]; x [.., width], into [width] in f32. The gradient of what every row shares, a bias. */
export function sumRows(pass: Pass, { x, into }: { x: Tensor; into: Tensor }): void {
  require(sizeOf(into.shape) === widthOf(x), () =>
    `sumRows: x [${x.shape}] has ${widthOf(x)} columns, into [${into.shape}] takes ${sizeOf(into.shape)}`)
  const kernel = { shader: 'sumRows', entry: 'forward', activation: activationOf('sumRows', x) }
  pass.run(kernel, { x, into }, { rows: rowsOf(x), width: widthOf(x) }, flatGrid(Math.ceil(widthOf(x) / 32)))
}
