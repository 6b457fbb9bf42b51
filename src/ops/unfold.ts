import type { Activation } from '../gpu/wgsl.ts'
import type { Pass } from '../tensor/pass.ts'
import type { Tensor } from '../tensor/tensor.ts'
import { rowGrid } from './grid.ts'
import { require } from './require.ts'

/**
 * The patches of `pixels` [B, C, H, W] (f32) as rows [B·P, C·p·p] of `type`, row-major over the image, each in the order of a
 * convolution's weight [D, C, p, p]: `linear` with that weight is the patch embedding. Pixels that fill no patch are left out.
 */
export function unfold(
  pass: Pass,
  { pixels }: { pixels: Tensor },
  { patch, type = 'f32' }: { patch: number; type?: Activation },
): Tensor {
  const [images, channels, height, width] = pixels.shape as [number, number, number, number]
  require(pixels.shape.length === 4 && pixels.type === 'f32', () =>
    `unfold: pixels must be f32 [B, C, H, W], found ${pixels.type} [${pixels.shape}]`)
  require(Number.isInteger(patch) && patch > 0 && patch <= Math.min(height, width), () =>
    `unfold: no patch of ${patch} fits into pixels of ${width} × ${height}`)
  const rows = images * Math.floor(height / patch) * Math.floor(width / patch)
  const cols = channels * patch * patch
  const y = pass.scratch([rows, cols], type)
  const kernel = { shader: 'unfold', entry: 'forward', activation: type }
  const params = { images, channels, height, width, side: patch }
  pass.run(kernel, { pixels, y }, params, rowGrid(rows, 1))
  return y
}
