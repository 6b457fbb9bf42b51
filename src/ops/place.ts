import type { Pass } from '../tensor/pass.ts'
import { rowsOf, sizeOf, type Tensor, widthOf } from '../tensor/tensor.ts'
import { flatGrid } from './grid.ts'
import { activationOf, require } from './require.ts'

export interface Region {
  /** First row of `x`; 0 without it. */
  fromRow?: number
  /** Number of rows; all from `fromRow` on without it. */
  rows?: number
  /** Where they go in `into`; 0 without it. */
  toRow?: number
  toColumn?: number
}

/** Copies rows of `x` [.., width] into a region of `into` [.., ≥ toColumn + width]: drops class tokens, joins features by channel. */
export function place(pass: Pass, { x, into }: { x: Tensor; into: Tensor }, region: Region = {}): void {
  const { fromRow = 0, toRow = 0, toColumn = 0 } = region
  const rows = region.rows ?? rowsOf(x) - fromRow
  const [width, intoWidth] = [widthOf(x), widthOf(into)]
  require(fromRow + rows <= rowsOf(x), () =>
    `place: rows ${fromRow}..${fromRow + rows} are wanted, x [${x.shape}] has ${rowsOf(x)}`)
  const fits = toRow + rows <= rowsOf(into) && toColumn + width <= intoWidth
  require(fits, () => `place: ${rows} × ${width} at row ${toRow}, column ${toColumn} do not fit into [${into.shape}]`)
  const kernel = { shader: 'place', activation: activationOf('place', x, into) }
  const count = rows * width
  const params = { rows, width, fromRow, intoWidth, toRow, toColumn, count }
  pass.run({ ...kernel, entry: 'forward' }, { x, into }, params, flatGrid(Math.ceil(count / 64)))
  const before = pass.tape?.follows(into) ? into : undefined
  pass.tape?.record({ x, before }, into, {}, ({ pass, dy }) => {
    const gradient = (entry: string, name: string, shape: readonly number[]) => () => {
      const result = pass.scratch(shape, dy.type)
      const grid = flatGrid(Math.ceil(sizeOf(shape) / 64))
      pass.run({ ...kernel, entry }, { dy, [name]: result }, { ...params, count: sizeOf(shape) }, grid)
      return result
    }
    return {
      x: gradient('backward', 'dx', x.shape),
      before: gradient('backwardInto', 'dInto', dy.shape),
    }
  })
}
