import type { Activation } from '../gpu/wgsl.ts'
import type { Pass } from '../tensor/pass.ts'
import { sizeOf, type Tensor } from '../tensor/tensor.ts'
import { type Weight, weightBindings } from '../tensor/weight.ts'
import { rowGrid } from './grid.ts'
import { require } from './require.ts'

/**
 * The rows of `table` [V, D] that `ids` (u32) name, as [T, D] of `type`; an id that is not below V gives a row of zeros.
 * By default all ids are taken; `rows` of them from `idOffset` on serve a decode step, whose id stands in the cursor.
 * The table is not trained: it has no gradient.
 */
export function embedding(
  pass: Pass,
  { ids, table }: { ids: Tensor; table: Weight },
  { type = 'f32', idOffset = 0, rows }: { type?: Activation; idOffset?: number; rows?: number } = {},
): Tensor {
  require(ids.type === 'u32', () => `embedding: ids must be u32, found ${ids.type}`)
  const size = sizeOf(ids.shape)
  const taken = rows ?? size - idOffset
  require(idOffset >= 0 && taken >= 0 && idOffset + taken <= size, () =>
    `embedding: ${taken} ids from ${idOffset} on are wanted, ids has ${size}`)
  const y = pass.scratch([taken, table.cols], type)
  const kernel = { shader: 'embedding', entry: 'forward', activation: type, storage: table.storage }
  for (const part of table.parts) {
    const { firstRow, rows: partRows } = part
    const params = { rows: taken, cols: table.cols, idOffset, firstRow, partRows, tableRows: table.rows }
    pass.run(kernel, { ids, y, ...weightBindings(part) }, params, rowGrid(taken, Math.ceil(table.cols / 256)))
  }
  pass.tape?.record({ ids, table }, y, {}, () => ({ ids: null, table: null }))
  return y
}
