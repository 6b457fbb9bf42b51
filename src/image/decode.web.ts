import { dropAlpha, type RgbImage } from './rgbImage.ts'

/**
 * Decodes with the browser, in a worker or a page: orientation applied, profile ignored. A 2D canvas keeps colours multiplied by
 * alpha, so the colours of half-transparent pixels come back rounded, and those of fully transparent ones black, where PIL
 * keeps them; opaque images are exact. Throws the browser's own errors.
 */
export async function decodePixels(bytes: Uint8Array | Blob): Promise<RgbImage> {
  const blob = bytes instanceof Blob ? bytes : new Blob([bytes as Uint8Array<ArrayBuffer>])
  const bitmap = await createImageBitmap(blob, {
    premultiplyAlpha: 'none',
    colorSpaceConversion: 'none',
    imageOrientation: 'from-image',
  })
  try {
    const { width, height } = bitmap
    const context = new OffscreenCanvas(width, height).getContext('2d', { willReadFrequently: true })!
    context.drawImage(bitmap, 0, 0)
    return { width, height, data: dropAlpha(context.getImageData(0, 0, width, height).data) }
  } finally {
    bitmap.close()
  }
}
