import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { decodeImage } from './decode.ts'
import { preprocess } from './preprocess.ts'
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
