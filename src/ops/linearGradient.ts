import type { Path } from '../gpu/device.ts'
import type { Pass } from '../tensor/pass.ts'
import { rowsOf, type Tensor, widthOf } from '../tensor/tensor.ts'
import { blockBindings, blockSize, blocksOf, type Weight, weightBindings } from '../tensor/weight.ts'
import { activationOf, require } from './require.ts'

/** The shuffled kernel of the gradient by x sums by eights, and needs as many. */
const leastSummed = 8

interface GradientOptions {
  /** Overrides the choice of kernel. */
  path?: Path
}

/** dx[t, k] = Σ_n dy[t, n] · weight[n, k]: the gradient of `linear` by its x, through a weight of any storage; [.., cols]. */
export function linearInputGradient(
  pass: Pass,
  { dy, weight }: { dy: Tensor; weight: Weight },
  options: GradientOptions = {},
): Tensor {
  const { name, rows: outs, cols } = weight
  require(widthOf(dy) === outs, () =>
    `linearInputGradient: ${name} [${outs},${cols}] gives rows of ${outs}, dy [${dy.shape}] has ${widthOf(dy)}`)
  const dx = pass.scratch([...dy.shape.slice(0, -1), cols], dy.type)
  const rows = rowsOf(dy)
  const activation = activationOf('linearInputGradient', dy)
  const aligned = [outs, ...weight.parts.map((part) => part.firstRow)].every((extent) => extent % 4 === 0)
  weight.parts.forEach((part, i) => {
    const path = part.rows < leastSummed ? 'plain' : (options.path ?? pass.gpu.paths.linearGradient)
    const kernel = { ...kernelFor(path, 'input', aligned), activation, storage: weight.storage }
    const bindings = path === 'shuffled' ? blockBindings(part) : weightBindings(part)
    const params = { rows, cols, outs: part.rows, firstOut: part.firstRow, stride: outs, accumulate: Number(i > 0) }
    const grid = gridFor(path, { rows, cols })
    pass.run(kernel, { dy, dy4: dy, dx, ...bindings }, { ...params, tile: 8 }, grid)
  })
  return dx
}

/** into[n, k] += Σ_t dy[t, n] · x[t, k]: the gradient of `linear` by its weight; into [outs, cols padded to 32] in f32. */
export function linearWeightGradient(
  pass: Pass,
  { x, dy, into }: { x: Tensor; dy: Tensor; into: Tensor },
  options: GradientOptions = {},
): void {
  const [rows, cols, outs] = [rowsOf(x), widthOf(x), widthOf(dy)]
  const blocked = blockSize * blocksOf(cols)
  require(rowsOf(dy) === rows, () =>
    `linearWeightGradient: x [${x.shape}] has ${rows} rows, dy [${dy.shape}] ${rowsOf(dy)}`)
  require(rowsOf(into) === outs && widthOf(into) === blocked, () =>
    `linearWeightGradient: x [${x.shape}] and dy [${dy.shape}] make [${outs},${blocked}], into is [${into.shape}]`)
  const path = options.path ?? pass.gpu.paths.linearGradient
  const aligned = cols % 4 === 0 && outs % 4 === 0
  const kernel = { ...kernelFor(path, 'weights', aligned), activation: activationOf('linearWeightGradient', x, dy) }
  const params = { rows, cols, outs, firstOut: 0, stride: outs, accumulate: 1, tile: 8 }
  pass.run(kernel, { x, x4: x, dy, dy4: dy, dWeight: into }, params, gridFor(path, { rows: outs, cols }))
}

function kernelFor(path: Path, entry: 'input' | 'weights', aligned: boolean) {
  const shader = path === 'shuffled' ? 'linearGradientShuffled' : 'linearGradient'
  return { shader, entry, overrides: { ALIGNED: Number(aligned) } }
}

/** Workgroups over a gradient [rows, cols]. The shuffled kernels take the rows first, so that a workgroup's columns stay in the cache. */
function gridFor(path: Path, { rows, cols }: { rows: number; cols: number }): [number, number] {
  if (path === 'shuffled') return [Math.ceil(rows / 8), Math.ceil(cols / 64)]
  return [Math.ceil(cols / 64), Math.ceil(rows / 64)]
}
