import { BeagleError } from '../errors.ts'

/** An image as the models see it: 8-bit RGB, row-major, three bytes per pixel, no alpha. */
export interface RgbImage {
  width: number
  height: number
  /** `width × height × 3` bytes. */
  data: Uint8Array | Uint8ClampedArray
}

/** An image, or a file of one. */
export type ImageInput = RgbImage | Blob | Uint8Array

/** A new image filled with one colour (black by default). */
export function blankImage(width: number, height: number, fill: readonly number[] = [0, 0, 0]): RgbImage {
  const data = new Uint8Array(width * height * 3)
  if (fill.some((value) => value !== 0)) {
    for (let i = 0; i < data.length; i++) data[i] = fill[i % 3]!
  }
  return { width, height, data }
}

/** Throws `bad-image` unless the image has at least one pixel and exactly `width × height × 3` bytes. */
export function checkImage(image: RgbImage): void {
  const { width, height, data } = image
  if (!Number.isInteger(width) || !Number.isInteger(height) || width < 1 || height < 1) {
    throw new BeagleError('bad-image', `An image needs at least one pixel; this one is ${width} × ${height}.`)
  }
  if (data.length !== width * height * 3) {
    throw new BeagleError(
      'bad-image',
      `A ${width} × ${height} RGB image has ${width * height * 3} bytes; this one has ${data.length}. Pass three bytes per pixel, without alpha.`,
    )
  }
}

/** Keeps the colours of RGBA pixels and drops alpha without compositing, as PIL's `convert("RGB")` does. */
export function dropAlpha(rgba: Uint8Array | Uint8ClampedArray): Uint8Array {
  const pixels = rgba.length >> 2
  const rgb = new Uint8Array(pixels * 3)
  for (let i = 0, from = 0, to = 0; i < pixels; i++, from += 4, to += 3) {
    rgb[to] = rgba[from]!
    rgb[to + 1] = rgba[from + 1]!
    rgb[to + 2] = rgba[from + 2]!
  }
  return rgb
}
