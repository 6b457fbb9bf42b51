import { describe, expect, it } from 'vitest'
import { centerCrop, padToSquare } from './frame.ts'
import { blankImage, type RgbImage } from './rgbImage.ts'

/** Pixels that tell their place: red is x, green is y. */
function placed(width: number, height: number): RgbImage {
  const image = blankImage(width, height)
  for (let i = 0; i < width * height; i++) image.data.set([i % width, Math.floor(i / width), 7], i * 3)
  return image
}

const pixel = (image: RgbImage, x: number, y: number) =>
  Array.from(image.data.subarray((y * image.width + x) * 3, (y * image.width + x) * 3 + 3))

describe('padToSquare', () => {
  it('centres a wide image; the odd row of padding is below', () => {
    const square = padToSquare(placed(5, 2), [122, 116, 104])
    expect([square.width, square.height]).toEqual([5, 5])
    expect(pixel(square, 0, 0)).toEqual([122, 116, 104])
    expect(pixel(square, 4, 1)).toEqual([4, 0, 7])
    expect(pixel(square, 0, 2)).toEqual([0, 1, 7])
    expect(pixel(square, 0, 3)).toEqual([122, 116, 104])
  })

  it('centres a tall image; the odd column of padding is on the right', () => {
    const square = padToSquare(placed(2, 5), [1, 2, 3])
    expect(pixel(square, 0, 4)).toEqual([1, 2, 3])
    expect(pixel(square, 1, 4)).toEqual([0, 4, 7])
    expect(pixel(square, 3, 0)).toEqual([1, 2, 3])
  })
})

describe('centerCrop', () => {
  it('cuts the middle out, the odd pixel from the right and bottom', () => {
    const cropped = centerCrop(placed(7, 6), 4, 3)
    expect([cropped.width, cropped.height]).toEqual([4, 3])
    expect(pixel(cropped, 0, 0)).toEqual([1, 1, 7])
    expect(pixel(cropped, 3, 2)).toEqual([4, 3, 7])
  })

  it('fills what is missing with black, the odd pixel on the left and top', () => {
    const cropped = centerCrop(placed(3, 3), 6, 2)
    expect(pixel(cropped, 1, 0)).toEqual([0, 0, 0])
    expect(pixel(cropped, 2, 0)).toEqual([0, 0, 7])
    expect(pixel(cropped, 4, 1)).toEqual([2, 1, 7])
    expect(pixel(cropped, 5, 1)).toEqual([0, 0, 0])
  })
})
