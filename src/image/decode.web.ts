import { dropAlpha, type RgbImage } from './rgbImage.ts'

/** RGBA through a 2D canvas: everywhere, but colours under alpha come back rounded, and black where alpha is 0. */
function readWithCanvas(bitmap: ImageBitmap): Uint8ClampedArray {
  const { width, height } = bitmap
  const context = new OffscreenCanvas(width, height).getContext('2d', { willReadFrequently: true })!
  context.drawImage(bitmap, 0, 0)
  return context.getImageData(0, 0, width, height).data
}

/** RGBA through a WebGL texture, which keeps colours that are not multiplied by alpha; `undefined` where that is not to be had. */
function readWithTexture(bitmap: ImageBitmap): Uint8Array | undefined {
  const { width, height } = bitmap
  const gl = new OffscreenCanvas(1, 1).getContext('webgl2')
  if (!gl) return undefined
  try {
    if (Math.max(width, height) > gl.getParameter(gl.MAX_TEXTURE_SIZE)) return undefined
    const texture = gl.createTexture()
    gl.bindTexture(gl.TEXTURE_2D, texture)
    gl.texImage2D(gl.TEXTURE_2D, 0, gl.RGBA8, gl.RGBA, gl.UNSIGNED_BYTE, bitmap)
    gl.bindFramebuffer(gl.FRAMEBUFFER, gl.createFramebuffer())
    gl.framebufferTexture2D(gl.FRAMEBUFFER, gl.COLOR_ATTACHMENT0, gl.TEXTURE_2D, texture, 0)
    const pixels = new Uint8Array(width * height * 4)
    gl.readPixels(0, 0, width, height, gl.RGBA, gl.UNSIGNED_BYTE, pixels)
    return gl.getError() === gl.NO_ERROR ? pixels : undefined
  } finally {
    gl.getExtension('WEBGL_lose_context')?.loseContext()
  }
}

function hasTransparency(rgba: Uint8ClampedArray): boolean {
  for (let i = 3; i < rgba.length; i += 4) if (rgba[i] !== 255) return true
  return false
}

/**
 * Decodes with the browser, in a worker or a page: orientation applied, profile ignored. Exact for opaque images, and for transparent
 * ones where WebGL 2 is there; else the colours of transparent pixels are rounded by the canvas, where PIL keeps them.
 * Throws the browser's own errors.
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
    const drawn = readWithCanvas(bitmap)
    const rgba = hasTransparency(drawn) ? (readWithTexture(bitmap) ?? drawn) : drawn
    return { width, height, data: dropAlpha(rgba) }
  } finally {
    bitmap.close()
  }
}
