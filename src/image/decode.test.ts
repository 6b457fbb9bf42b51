import { deflateSync } from 'node:zlib'
import sharp from 'sharp'
import { describe, expect, it } from 'vitest'
import { decodeImage } from './decode.ts'

/** A raw image of `channels` per pixel, encoded losslessly. */
const png = (width: number, height: number, channels: 1 | 2 | 3 | 4, values: number[]) =>
  sharp(Uint8Array.from(values), { raw: { width, height, channels } }).png().toBuffer()

const bytes = async (input: Uint8Array | Blob) => Array.from((await decodeImage(input)).data)

function crc32(data: Uint8Array): number {
  let crc = ~0
  for (const byte of data) {
    crc ^= byte
    for (let bit = 0; bit < 8; bit++) crc = (crc >>> 1) ^ (crc & 1 ? 0xedb88320 : 0)
  }
  return ~crc >>> 0
}

/** A PNG of the given chunks. */
function pngOf(chunks: [type: string, data: number[]][]): Uint8Array {
  const parts = chunks.map(([type, data]) => {
    const content = Buffer.from([...Buffer.from(type), ...data])
    const frame = Buffer.alloc(8)
    frame.writeUInt32BE(data.length)
    frame.writeUInt32BE(crc32(content), 4)
    return Buffer.concat([frame.subarray(0, 4), content, frame.subarray(4)])
  })
  return Buffer.concat([Buffer.from([0x89, 0x50, 0x4e, 0x47, 13, 10, 26, 10]), ...parts])
}

const CORNERS = [255, 0, 0, 0, 255, 0, 0, 0, 255, 255, 255, 0, 9, 9, 9, 90, 90, 90]

describe('decodeImage', () => {
  it('reads bytes and Blobs alike', async () => {
    const file = await png(3, 2, 3, CORNERS)
    expect(await bytes(file)).toEqual(CORNERS)
    expect(await bytes(new Blob([Uint8Array.from(file)]))).toEqual(CORNERS)
  })

  it('drops alpha without compositing, also where it is 0', async () => {
    const file = await png(2, 1, 4, [200, 100, 50, 0, 10, 20, 30, 128])
    expect(await bytes(file)).toEqual([200, 100, 50, 10, 20, 30])
  })

  it('repeats grey, with and without alpha', async () => {
    expect(await bytes(await png(2, 1, 1, [7, 250]))).toEqual([7, 7, 7, 250, 250, 250])
    expect(await bytes(await png(1, 1, 2, [77, 3]))).toEqual([77, 77, 77])
  })

  it('reads palettes with transparency', async () => {
    const palette = [
      ['IHDR', [0, 0, 0, 2, 0, 0, 0, 1, 8, 3, 0, 0, 0]],
      ['PLTE', [255, 0, 0, 0, 0, 255]],
      ['tRNS', [255, 0]],
      ['IDAT', [...deflateSync(Uint8Array.of(0, 1, 0))]],
      ['IEND', []],
    ] as [string, number[]][]
    expect(await bytes(pngOf(palette))).toEqual([0, 0, 255, 255, 0, 0])
  })

  it('keeps the high byte of 16-bit samples', async () => {
    const file = await sharp(Uint16Array.from([0x12ff, 0xff00, 0x0080]), { raw: { width: 1, height: 1, channels: 3 } })
      .toColourspace('rgb16')
      .png()
      .toBuffer()
    expect((await sharp(file).metadata()).depth).toBe('ushort')
    expect(await bytes(file)).toEqual([0x12, 0xff, 0x00])
  })

  it.each([
    [1, 3, 2, [0, 1, 2, 3, 4, 5]],
    [2, 3, 2, [2, 1, 0, 5, 4, 3]],
    [3, 3, 2, [5, 4, 3, 2, 1, 0]],
    [4, 3, 2, [3, 4, 5, 0, 1, 2]],
    [5, 2, 3, [0, 3, 1, 4, 2, 5]],
    [6, 2, 3, [3, 0, 4, 1, 5, 2]],
    [7, 2, 3, [5, 2, 4, 1, 3, 0]],
    [8, 2, 3, [2, 5, 1, 4, 0, 3]],
  ])('applies EXIF orientation %i', async (orientation, width, height, order) => {
    const file = await sharp(await png(3, 2, 3, CORNERS))
      .withMetadata({ orientation })
      .png()
      .toBuffer()
    const image = await decodeImage(file)
    expect([image.width, image.height]).toEqual([width, height])
    expect(Array.from(image.data)).toEqual(order.flatMap((at) => CORNERS.slice(at * 3, at * 3 + 3)))
  })

  it('ignores colour profiles', async () => {
    const file = await sharp(await png(1, 1, 3, [200, 30, 60]))
      .withIccProfile('p3')
      .png()
      .toBuffer()
    const stored = await sharp(file, { ignoreIcc: true }).raw().toBuffer()
    expect(await bytes(file)).toEqual(Array.from(stored.subarray(0, 3)))
  })

  it('mixes the inks of CMYK as PIL does', async () => {
    const file = await sharp({ create: { width: 16, height: 16, channels: 3, background: '#f00' } })
      .toColourspace('cmyk')
      .jpeg()
      .toBuffer()
    const inks = await sharp(file, { ignoreIcc: true })
      .pipelineColourspace('cmyk')
      .toColourspace('cmyk')
      .raw()
      .toBuffer()
    const [red] = await bytes(file)
    expect(inks.length).toBe(1024)
    expect(Math.abs(red! - ((255 - inks[0]!) * (255 - inks[3]!)) / 255)).toBeLessThan(1)
  })

  it.each(['jpeg', 'webp', 'gif', 'avif'] as const)('reads %s', async (format) => {
    const file = await sharp({ create: { width: 16, height: 8, channels: 3, background: '#f00' } })
      .toFormat(format)
      .toBuffer()
    const image = await decodeImage(file)
    expect([image.width, image.height]).toEqual([16, 8])
    expect(image.data[0]).toBeGreaterThan(240)
    expect(image.data[1]).toBeLessThan(20)
  })

  it('says what is wrong with a file that is no image, empty, or cut short', async () => {
    const noise = Uint8Array.from({ length: 30000 }, (_, i) => (i * 7919) % 251)
    const whole = {
      png: await sharp(noise, { raw: { width: 100, height: 100, channels: 3 } })
        .png()
        .toBuffer(),
      jpeg: await sharp(noise, { raw: { width: 100, height: 100, channels: 3 } })
        .jpeg()
        .toBuffer(),
    }
    const bad = [
      new Uint8Array(),
      new TextEncoder().encode('not an image'),
      whole.png.subarray(0, 500),
      whole.jpeg.subarray(0, 3000),
    ]
    for (const file of bad) {
      await expect(decodeImage(file)).rejects.toMatchObject({
        code: 'bad-image',
        message: expect.stringMatching(/empty|could not be read/),
      })
    }
  })
})
