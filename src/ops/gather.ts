import type { Pass } from '../tensor/pass.ts'
import { rowsOf, sizeOf, type Tensor, widthOf } from '../tensor/tensor.ts'
import { rowGrid } from './grid.ts'
import { activationOf, require } from './require.ts'

/** Rows of `x` [R, D] by their numbers: `rows` [L] in u32 gives [L, D]; a number that is not below R gives zeros. */
export function gather(pass: Pass, { x, rows }: { x: Tensor; rows: Tensor }): Tensor {
  require(rows.type === 'u32', () => `gather: rows must be u32, found ${rows.type} [${rows.shape}]`)
  const [count, width, xRows] = [sizeOf(rows.shape), widthOf(x), rowsOf(x)]
  const y = pass.scratch([count, width], x.type)
  const kernel = { shader: 'gather', entry: 'forward', activation: activationOf('gather', x) }
  const params = { count, width, xRows, first: 0 }
  pass.run(kernel, { x, rows, y }, params, rowGrid(count, Math.ceil(width / 64)))
  pass.tape?.record({ x, rows }, y, { rows }, ({ pass, dy, saved }) => ({
    x: () => gatherGradient(pass, { dy, rows: saved.rows }, { shape: x.shape }),
    rows: null,
  }))
  return y
}

/**
 * The gradient of rows that were taken by number, of `shape` [.., D]: row r is the sum of those rows of `dy` [L, D] where `rows` [L] has
 * `first` + r.
 */
export function gatherGradient(
  pass: Pass,
  { dy, rows }: { dy: Tensor; rows: Tensor },
  { shape, first = 0 }: { shape: readonly number[]; first?: number },
): Tensor {
  const dx = pass.scratch(shape, dy.type)
  const [count, width, xRows] = [sizeOf(rows.shape), widthOf(dx), rowsOf(dx)]
  const kernel = { shader: 'gather', entry: 'backward', activation: activationOf('gather', dy) }
  pass.run(kernel, { dy, rows, dx }, { count, width, xRows, first }, rowGrid(xRows, 1))
  return dx
}
