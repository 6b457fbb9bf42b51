import type { Pass } from '../tensor/pass.ts'
import { rowsOf, type Tensor, widthOf } from '../tensor/tensor.ts'
import { strideRows } from './grid.ts'
import { activationOf, require } from './require.ts'

export interface RowRange {
  /** Images whose rows lie one below the other; 1 without it. */
  images?: number
  /** First row of each image that is taken; 0 without it. */
  first?: number
  /** Rows of each image that are taken. */
  rows: number
}

/** `rows` rows of each image from row `first` on: `x` [B·T, D] → [B·rows, D]. */
export function takeRows(pass: Pass, { x }: { x: Tensor }, range: RowRange): Tensor {
  const y = takenRows(pass, { x }, range)
  pass.tape?.record({ x }, y, {}, ({ pass, dy }) => ({
    x: () => {
      const dx = pass.scratch(x.shape, dy.type)
      run(pass, 'backward', dx, { dy, dx }, paramsOf(x, range))
      return dx
    },
  }))
  return y
}

/** What `takeRows` gives, and no entry on the tape: a part's gradient where rows were joined. */
export function takenRows(pass: Pass, { x }: { x: Tensor }, range: RowRange): Tensor {
  const params = paramsOf(x, range)
  const y = pass.scratch([(range.images ?? 1) * range.rows, widthOf(x)], x.type)
  run(pass, 'forward', y, { x, y }, params)
  return y
}

function paramsOf(x: Tensor, { images = 1, first = 0, rows }: RowRange) {
  const whole = rowsOf(x) / images
  require(Number.isInteger(whole), () =>
    `takeRows: the ${rowsOf(x)} rows of x [${x.shape}] do not fall evenly on ${images} images`)
  require(first >= 0 && rows >= 0 && first + rows <= whole, () =>
    `takeRows: rows ${first}..${first + rows} of each image are wanted, x [${x.shape}] has ${whole} for each of ${images}`)
  return { whole, first, taken: rows, width: widthOf(x) }
}

function run(
  pass: Pass,
  entry: string,
  result: Tensor,
  buffers: Record<string, Tensor>,
  params: ReturnType<typeof paramsOf>,
): void {
  const [rows, width] = [rowsOf(result), widthOf(result)]
  const kernel = { shader: 'takeRows', activation: activationOf('takeRows', ...Object.values(buffers)) }
  const all = { ...params, rows }
  if (width % 4 === 0) {
    const byFour = Object.fromEntries(Object.entries(buffers).map(([name, tensor]) => [`${name}4`, tensor]))
    pass.run({ ...kernel, entry: `${entry}4` }, byFour, all, strideRows(rows, width / 4, pass.gpu.abilities.cpu))
  } else {
    pass.run({ ...kernel, entry }, buffers, all, strideRows(rows, width, pass.gpu.abilities.cpu))
  }
}
