import type { Kernel } from '../gpu/wgsl.ts'
import type { Pass } from '../tensor/pass.ts'
import { rowsOf, type Tensor, widthOf } from '../tensor/tensor.ts'
import { blockSize, blocksOf, type Weight, weightBindings } from '../tensor/weight.ts'
import { activationOf, require } from './require.ts'

/** dx[t, k] = Σ_n dy[t, n] · weight[n, k]: the gradient of `linear` by its x, through a weight of any storage; [.., cols]. */
export function linearInputGradient(pass: Pass, { dy, weight }: { dy: Tensor; weight: Weight }): Tensor {
  const { name, rows: outs, cols } = weight
  require(widthOf(dy) === outs, () =>
    `linearInputGradient: ${name} [${outs},${cols}] gives rows of ${outs}, dy [${dy.shape}] has ${widthOf(dy)}`)
  const dx = pass.scratch([...dy.shape.slice(0, -1), cols], dy.type)
  const rows = rowsOf(dy)
  const kernel: Kernel = {
    shader: 'linearGradient',
    entry: 'input',
    activation: activationOf('linearInputGradient', dy),
    storage: weight.storage,
  }
  weight.parts.forEach((part, i) => {
    const params = { rows, cols, outs: part.rows, firstOut: part.firstRow, stride: outs, accumulate: Number(i > 0) }
    pass.run(kernel, { dy, dx, ...weightBindings(part) }, params, [Math.ceil(cols / 64), Math.ceil(rows / 64)])
  })
  return dx
}

/** into[n, k] += Σ_t dy[t, n] · x[t, k]: the gradient of `linear` by its weight; into [outs, cols padded to 32] in f32. */
export function linearWeightGradient(pass: Pass, { x, dy, into }: { x: Tensor; dy: Tensor; into: Tensor }): void {
  const [rows, cols, outs] = [rowsOf(x), widthOf(x), widthOf(dy)]
  const blocked = blockSize * blocksOf(cols)
  require(rowsOf(dy) === rows, () =>
    `linearWeightGradient: x [${x.shape}] has ${rows} rows, dy [${dy.shape}] ${rowsOf(dy)}`)
  require(rowsOf(into) === outs && widthOf(into) === blocked, () =>
    `linearWeightGradient: x [${x.shape}] and dy [${dy.shape}] make [${outs},${blocked}], into is [${into.shape}]`)
  const kernel: Kernel = {
    shader: 'linearGradient',
    entry: 'weights',
    activation: activationOf('linearWeightGradient', x, dy),
  }
  const params = { rows, cols, outs, firstOut: 0, stride: outs, accumulate: 1 }
  pass.run(kernel, { x, dy, dWeight: into }, params, [Math.ceil(blocked / 64), Math.ceil(outs / 64)])
}
