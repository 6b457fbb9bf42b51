import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { decodeImage } from './decode.ts'
import { frameOf, preprocess } from './preprocess.ts'
import { blankImage } from './rgbImage.ts'

const golden = (path: string) => readFileSync(new URL(`../../goldens/${path}`, import.meta.url))

/** One f32 tensor of a safetensors file; image/ is a leaf and must not use checkpoint/. */
function tensor(file: Buffer, name: string): { shape: number[]; data: Float32Array } {
  const headerBytes = Number(file.readBigUInt64LE())
  const entry = JSON.parse(file.subarray(8, 8 + headerBytes).toString())[name]
  const [begin, end] = entry.data_offsets
  const bytes = Uint8Array.from(file.subarray(8 + headerBytes + begin, 8 + headerBytes + end))
  return { shape: entry.shape, data: new Float32Array(bytes.buffer) }
}

describe.each(['llava-clip-llama', 'llava-siglip-qwen2'])('preprocess for %s', (folder) => {
  it.each([0, 1])('gives the pixel values of transformers, case %i', async (i) => {
    const config = JSON.parse(golden(`${folder}/preprocessor_config.json`).toString())
    const expected = tensor(golden(`${folder}/expected.safetensors`), `case${i}.pixel_values`)
    const { pixels, width, height } = preprocess(await decodeImage(golden(`${folder}/image${i}.png`)), config)
    expect([1, 3, height, width]).toEqual(expected.shape)
    const worst = pixels.reduce((max, value, at) => Math.max(max, Math.abs(value - expected.data[at]!)), 0)
    expect(worst).toBeLessThan(1e-6)
  })
})

describe('preprocess', () => {
  const wide = blankImage(40, 20, [255, 0, 128])

  it('resizes the shortest edge, truncating the longer one, then crops', () => {
    const { width, height } = preprocess(blankImage(31, 20), { size: { shortest_edge: 15 }, do_center_crop: false })
    expect([width, height]).toEqual([23, 15])
    const cropped = preprocess(wide, { size: { shortest_edge: 10 }, crop_size: 8 })
    expect([cropped.width, cropped.height, cropped.pixels.length]).toEqual([8, 8, 192])
  })

  it('keeps the planes in the order R, G, B', () => {
    const { pixels } = preprocess(wide, { size: 4, crop_size: 4, do_normalize: false })
    expect([pixels[0], pixels[16], pixels[32]]).toEqual([1, 0, Math.fround(128 / 255)])
  })

  it('pads with the mean colour where do_pad asks for it', () => {
    const { pixels } = preprocess(wide, {
      image_processor_type: 'LlavaImageProcessor',
      do_pad: true,
      do_resize: false,
      crop_size: 40,
      do_normalize: false,
    })
    expect(pixels[0]! * 255).toBeCloseTo(122, 4)
    expect(pixels[1600]! * 255).toBeCloseTo(116, 4)
    expect(pixels[20 * 40]! * 255).toBeCloseTo(255, 4)
  })

  it('squashes for SigLIP and leaves raw bytes where nothing is rescaled', () => {
    const raw = preprocess(wide, {
      image_processor_type: 'SiglipImageProcessor',
      size: { height: 3, width: 5 },
      do_rescale: false,
      do_normalize: false,
    })
    expect([raw.width, raw.height, raw.pixels[30]]).toEqual([5, 3, 128])
  })

  it('says which image processors are known and what is wrong with a field', () => {
    expect(() => preprocess(wide, { image_processor_type: 'DonutImageProcessor' })).toThrow(
      /"DonutImageProcessor"; known .*CLIPImageProcessor/,
    )
    expect(() => preprocess(wide, { resample: 9 })).toThrow(/resample 9/)
    expect(() => preprocess(wide, { image_mean: [0.5, 0.5] })).toThrow(/image_mean needs one number or three/)
    expect(() => preprocess(wide, { size: {} as never })).toThrow(/size needs shortest_edge/)
  })
})

describe('frameOf', () => {
  const [wide, tall] = [
    { width: 120, height: 60 },
    { width: 31, height: 101 },
  ]
  const of = (size: { width: number; height: number }, config: object) => Object.values(frameOf(size, config))

  it('is the whole image where it is squashed, and its middle where it is cropped', () => {
    expect(of(wide, { image_processor_type: 'SiglipImageProcessor' })).toEqual([0, 0, 120, 60])
    expect(of(wide, { size: { shortest_edge: 30 }, crop_size: 30 })).toEqual([30, 0, 60, 60])
    expect(of(wide, { size: { shortest_edge: 40 }, crop_size: 20 })).toEqual([45, 15, 30, 30])
  })

  it('reaches beyond the image where it is padded', () => {
    expect(of(wide, { do_pad: true, size: { shortest_edge: 30 }, crop_size: 30 })).toEqual([0, -30, 120, 120])
    expect(of(tall, { do_pad: true, do_center_crop: false })).toEqual([-35, 0, 101, 101])
    expect(of(wide, { do_resize: false, crop_size: 80 })).toEqual([20, -10, 80, 80])
  })

  it('is where the pixels come from', () => {
    const image = blankImage(90, 60)
    for (let y = 0; y < 60; y++)
      for (let x = 0; x < 90; x++) image.data.fill(2 * x + y, (y * 90 + x) * 3, (y * 90 + x) * 3 + 3)
    const config = { size: { shortest_edge: 30 }, crop_size: 20, do_normalize: false }
    const { pixels, width } = preprocess(image, config)
    const frame = frameOf(image, config)
    for (const [row, column] of [[3, 4] as const, [15, 11] as const]) {
      const [x, y] = [frame.x + ((column + 0.5) * frame.width) / 20, frame.y + ((row + 0.5) * frame.height) / 20]
      expect(Math.abs(255 * pixels[row * width + column]! - (2 * (x - 0.5) + y - 0.5))).toBeLessThan(1)
    }
  })
})
