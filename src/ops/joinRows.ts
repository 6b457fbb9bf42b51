import type { Pass } from '../tensor/pass.ts'
import { rowsOf, type Tensor, widthOf } from '../tensor/tensor.ts'
import { strideRows } from './grid.ts'
import { activationOf, require } from './require.ts'
import { takenRows } from './takeRows.ts'

/** Image by image, the rows of `a` [B·M, D] followed by those of `b` [B·N, D]: [B·(M+N), D]. */
export function joinRows(
  pass: Pass,
  { a, b }: { a: Tensor; b: Tensor },
  { images = 1 }: { images?: number } = {},
): Tensor {
  const width = widthOf(a)
  require(widthOf(b) === width, () =>
    `joinRows: a [${a.shape}] has width ${width}, b [${b.shape}] has ${widthOf(b)}; rows of one width can be joined`)
  const [aRows, bRows] = [rowsOf(a) / images, rowsOf(b) / images]
  require(Number.isInteger(aRows) && Number.isInteger(bRows), () =>
    `joinRows: the ${rowsOf(a)} rows of a and ${rowsOf(b)} of b do not fall evenly on ${images} images`)
  const rows = images * (aRows + bRows)
  const y = pass.scratch([rows, width], a.type)
  const kernel = { shader: 'joinRows', activation: activationOf('joinRows', a, b) }
  const params = { rows, aRows, bRows, width }
  const { cpu } = pass.gpu.abilities
  if (width % 4 === 0) {
    pass.run({ ...kernel, entry: 'forward4' }, { a4: a, b4: b, y4: y }, params, strideRows(rows, width / 4, cpu))
  } else {
    pass.run({ ...kernel, entry: 'forward' }, { a, b, y }, params, strideRows(rows, width, cpu))
  }
  pass.tape?.record({ a, b }, y, {}, ({ pass, dy }) => ({
    a: () => ({ ...takenRows(pass, { x: dy }, { images, rows: aRows }), shape: a.shape }),
    b: () => ({ ...takenRows(pass, { x: dy }, { images, first: aRows, rows: bRows }), shape: b.shape }),
  }))
  return y
}
