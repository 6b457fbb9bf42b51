import type { Pass } from '../tensor/pass.ts'
import { rowsOf, sizeOf, type Tensor, widthOf } from '../tensor/tensor.ts'
import { gatherGradient } from './gather.ts'
import { rowGrid } from './grid.ts'
import { activationOf, require } from './require.ts'

/**
 * Puts visual tokens in the places of image tokens: row t of the result [T, D] is `embeddings[t]` where `source[t]` is 0, else
 * `visual[source[t] - 1]`. `embeddings` [T, D]; `visual` [M, D]; `source` [T] in u32, 0 to M (a larger one gives zeros).
 */
export function splice(
  pass: Pass,
  { embeddings, visual, source }: { embeddings: Tensor; visual: Tensor; source: Tensor },
): Tensor {
  const rows = rowsOf(embeddings)
  const width = widthOf(embeddings)
  require(widthOf(visual) === width, () =>
    `splice: embeddings [${embeddings.shape}] have width ${width}, visual [${visual.shape}] has ${widthOf(visual)}`)
  require(source.type === 'u32' && sizeOf(source.shape) === rows, () =>
    `splice: source must be u32 [${rows}], found ${source.type} [${source.shape}]`)
  const y = pass.scratch(embeddings.shape, embeddings.type)
  const kernel = { shader: 'splice', entry: 'forward', activation: activationOf('splice', embeddings, visual) }
  const params = { rows, width, visualRows: rowsOf(visual) }
  pass.run(kernel, { embeddings, visual, source, y }, params, rowGrid(rows, Math.ceil(width / 64)))
  pass.tape?.record({ embeddings, visual, source }, y, { source }, ({ pass, dy, saved: { source } }) => ({
    embeddings: () => embeddingsGradient(pass, { dy, source }),
    visual: () => gatherGradient(pass, { dy, rows: source }, { shape: visual.shape, first: 1 }),
    source: null,
  }))
  return y
}

function embeddingsGradient(pass: Pass, { dy, source }: { dy: Tensor; source: Tensor }): Tensor {
  const dEmbeddings = pass.scratch(dy.shape, dy.type)
  const [rows, width] = [rowsOf(dy), widthOf(dy)]
  const kernel = { shader: 'splice', entry: 'backward', activation: activationOf('splice', dy) }
  const params = { rows, width, visualRows: 0 }
  pass.run(kernel, { dy, source, dEmbeddings }, params, rowGrid(rows, Math.ceil(width / 64)))
  return dEmbeddings
}
