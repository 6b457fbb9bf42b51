import { decodePixels } from '#decode'
import { BeagleError } from '../errors.ts'
import type { RgbImage } from './rgbImage.ts'

/**
 * Decodes a PNG, JPEG, WebP, GIF (first frame) or AVIF file to RGB. EXIF orientation is applied; alpha is dropped without
 * compositing, as PIL's `convert("RGB")` does; colour profiles are ignored, as PIL does; 16-bit samples keep their high byte.
 * Throws `bad-image` with the reason when the bytes are no image, are cut short or are damaged.
 */
export async function decodeImage(bytes: Uint8Array | Blob): Promise<RgbImage> {
  const size = bytes instanceof Blob ? bytes.size : bytes.length
  if (size === 0) throw new BeagleError('bad-image', 'The image file is empty (0 bytes). Choose another file.')
  try {
    return await decodePixels(bytes)
  } catch (error) {
    const reason = error instanceof Error ? error.message.split('\n')[0] : String(error)
    throw new BeagleError(
      'bad-image',
      `The image could not be read (${reason}). It may be damaged or cut short; use a whole PNG, JPEG, WebP, GIF or AVIF file.`,
      { cause: error },
    )
  }
}
