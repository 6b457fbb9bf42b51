import type { Pass } from '../tensor/pass.ts'
import { rowsOf, type Tensor, widthOf } from '../tensor/tensor.ts'
import { rowGrid } from './grid.ts'
import { activationOf, require } from './require.ts'

/**
 * The rows that enter a vision transformer: per image the class token, if there is one, then the patches, each plus its row
 * of `positions`. `patches` [B·P, D]; `classToken` [D] and `positions` [N, D] in f32, N = P or P + 1; the result is [B·N, D].
 */
export function assembleTokens(
  pass: Pass,
  { patches, classToken, positions }: { patches: Tensor; classToken?: Tensor; positions: Tensor },
): Tensor {
  const width = widthOf(patches)
  const rows = rowsOf(positions)
  const images = rowsOf(patches) / (rows - (classToken ? 1 : 0))
  require(widthOf(positions) === width && Number.isInteger(images), () =>
    `assembleTokens: positions [${positions.shape}] do not fit patches [${patches.shape}] ${classToken ? 'after a' : 'without'} class token`)
  require(!classToken || widthOf(classToken) === width, () =>
    `assembleTokens: patches [${patches.shape}] expect a class token of ${width}, found [${classToken!.shape}]`)
  const y = pass.scratch([images * rows, width], patches.type)
  const kernel = {
    shader: 'assembleTokens',
    entry: 'forward',
    activation: activationOf('assembleTokens', patches),
    overrides: { CLASS: classToken ? 1 : 0 },
  }
  const buffers = { patches, classToken: classToken ?? positions, positions, y }
  pass.run(kernel, buffers, { images, rows, width }, rowGrid(images * rows, Math.ceil(width / 64)))
  return y
}
