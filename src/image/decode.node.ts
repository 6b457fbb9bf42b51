import sharp from 'sharp'
import type { RgbImage } from './rgbImage.ts'

/** CMYK to RGB as PIL and browsers do it for files without regard to profiles: (255 − C)(255 − K) / 255. */
function cmykToRgb(cmyk: Uint8Array): Uint8Array {
  const rgb = new Uint8Array((cmyk.length / 4) * 3)
  for (let from = 0, to = 0; from < cmyk.length; from += 4) {
    const light = 255 - cmyk[from + 3]!
    for (let ink = 0; ink < 3; ink++) {
      const product = cmyk[from + ink]! * light + 128
      rgb[to++] = light - (((product >> 8) + product) >> 8)
    }
  }
  return rgb
}

/** Decodes with libvips: orientation applied, profile ignored, alpha dropped. Throws sharp's own errors. */
export async function decodePixels(bytes: Uint8Array | Blob): Promise<RgbImage> {
  const input = bytes instanceof Blob ? new Uint8Array(await bytes.arrayBuffer()) : bytes
  const image = sharp(input, { failOn: 'error', ignoreIcc: true }).autoOrient()
  const isCmyk = (await image.metadata()).space === 'cmyk'
  const pixels = isCmyk
    ? image.pipelineColourspace('cmyk').toColourspace('cmyk')
    : image.removeAlpha().toColourspace('srgb')
  const { data, info } = await pixels.raw({ depth: 'uchar' }).toBuffer({ resolveWithObject: true })
  return { width: info.width, height: info.height, data: isCmyk ? cmykToRgb(data) : new Uint8Array(data) }
}
