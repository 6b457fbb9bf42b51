import { blankImage, type RgbImage } from './rgbImage.ts'

/** Copies `source` into `target` with its top left pixel at (left, top); what falls outside is cut off. */
export function paste(target: RgbImage, source: RgbImage, left: number, top: number): void {
  const x0 = Math.max(0, left)
  const x1 = Math.min(target.width, left + source.width)
  if (x0 >= x1) return
  for (let y = Math.max(0, top); y < Math.min(target.height, top + source.height); y++) {
    const from = ((y - top) * source.width + x0 - left) * 3
    target.data.set(source.data.subarray(from, from + (x1 - x0) * 3), (y * target.width + x0) * 3)
  }
}

/** Centres the image on a square of its longer side; an odd pixel of padding goes right or below. Source: LLaVA `expand2square`. */
export function padToSquare(image: RgbImage, fill: readonly number[]): RgbImage {
  const side = Math.max(image.width, image.height)
  if (image.width === image.height) return image
  const square = blankImage(side, side, fill)
  paste(square, image, padOffset(image.width, side), padOffset(image.height, side))
  return square
}

/**
 * Cuts the middle `width` × `height` out; a side that is too short is filled with black on both ends. Source: transformers
 * `image_transforms.center_crop` (an odd pixel is cut from the right and bottom, padded on the left and top).
 */
export function centerCrop(image: RgbImage, width: number, height: number): RgbImage {
  if (image.width === width && image.height === height) return image
  const cropped = blankImage(width, height)
  paste(cropped, image, centerOffset(image.width, width), centerOffset(image.height, height))
  return cropped
}

/** Where `inner` pixels begin within the `outer` ones that `centerCrop` cuts out or fills up. */
export const centerOffset = (inner: number, outer: number): number =>
  outer >= inner ? Math.ceil((outer - inner) / 2) : -((inner - outer) >> 1)

/** Where they begin within the square of `padToSquare`. */
export const padOffset = (inner: number, side: number): number => (side - inner) >> 1
