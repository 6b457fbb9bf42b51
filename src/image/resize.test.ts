import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { decodeImage } from './decode.ts'
import { type Filter, resize } from './resize.ts'
import type { RgbImage } from './rgbImage.ts'

const golden = (name: string) => readFileSync(new URL(`../../goldens/resize/${name}`, import.meta.url))

function grey(width: number, height: number, values: number[]): RgbImage {
  return { width, height, data: Uint8Array.from(values.flatMap((value) => [value, value, value])) }
}

const reds = (image: RgbImage) => Array.from(image.data).filter((_, i) => i % 3 === 0)

describe('resize', () => {
  const cases: { in: string; size: [number, number]; filter: Filter; out: string }[] = JSON.parse(
    golden('cases.json').toString(),
  )

  it.each(cases)('gives the bytes of PIL: $out', async ({ in: input, size, filter, out }) => {
    const resized = resize(await decodeImage(golden(input)), ...size, filter)
    const expected = await decodeImage(golden(out))
    expect([resized.width, resized.height]).toEqual([expected.width, expected.height])
    expect(Buffer.from(resized.data).equals(expected.data as Uint8Array)).toBe(true)
  })

  it('keeps the image when its size does not change', () => {
    const image = grey(2, 1, [1, 2])
    expect(resize(image, 2, 1)).toBe(image)
  })

  it.each([
    ['nearest', [50, 150, 250]],
    ['box', [25, 125, 225]],
    ['bilinear', [36, 125, 214]],
    ['hamming', [28, 125, 222]],
  ] as [Filter, number[]][])('halves a ramp with %s as PIL does', (filter, expected) => {
    expect(reds(resize(grey(6, 1, [0, 50, 100, 150, 200, 250]), 3, 1, filter))).toEqual(expected)
  })

  it('clips overshoot of bicubic to bytes', () => {
    const edge = reds(resize(grey(4, 1, [0, 0, 255, 255]), 16, 1, 'bicubic'))
    expect(Math.min(...edge)).toBe(0)
    expect(Math.max(...edge)).toBe(255)
    expect(edge).toEqual([0, 0, 0, 0, 0, 0, 21, 88, 167, 234, 255, 255, 255, 255, 255, 255])
  })

  it('refuses sizes and filters that are none', () => {
    expect(() => resize(grey(1, 1, [0]), 0, 4)).toThrow(/0 × 4/)
    expect(() => resize(grey(1, 1, [0]), 2, 2, 'cubic' as Filter)).toThrow(/unknown filter "cubic"; known are nearest/)
    expect(() => resize({ width: 2, height: 2, data: new Uint8Array(16) }, 1, 1)).toThrow(
      /has 12 bytes; this one has 16/,
    )
  })
})
