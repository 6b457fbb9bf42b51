import sharp from 'sharp'
import type { RgbImage } from './rgbImage.ts'

/** Decodes with libvips: orientation applied, profile ignored, alpha dropped. Throws sharp's own errors. */
export async function decodePixels(bytes: Uint8Array | Blob): Promise<RgbImage> {
  const input = bytes instanceof Blob ? new Uint8Array(await bytes.arrayBuffer()) : bytes
  const { data, info } = await sharp(input, { failOn: 'error', ignoreIcc: true })
    .autoOrient()
    .removeAlpha()
    .toColourspace('srgb')
    .raw({ depth: 'uchar' })
    .toBuffer({ resolveWithObject: true })
  return { width: info.width, height: info.height, data: new Uint8Array(data) }
}
