import { describe, expect, it } from 'vitest'
import type { ImageLook } from '../explainApi.ts'
import { inWords } from './inWords.ts'

const square = { width: 90, height: 90, frame: { x: 0, y: 0, width: 90, height: 90 } }

describe('inWords', () => {
  const look = (heat: number[], frame = square.frame, width = 90, height = 90): ImageLook => {
    const side = Math.sqrt(heat.length)
    return { width, height, frame, grid: { rows: side, columns: side }, share: 1, heat: Float32Array.from(heat) }
  }

  it('says where most of it lies', () => {
    expect(inWords(look([9, 1, 0, 0, 0, 0, 0, 0, 0]))).toBe('mostly to the top left (90\u00a0%)')
    expect(inWords(look([0, 0, 0, 0, 3, 0, 0, 2, 3]))).toBe(
      'to the centre (38\u00a0%) and the bottom right (38\u00a0%)',
    )
    expect(inWords(look([1, 1, 1, 1, 1, 1.2, 1, 1, 1]))).toBe('all over, most to the middle right (13\u00a0%)')
    expect(inWords(look(Array(9).fill(0)))).toBe('to no place of it')
  })

  it('cuts cells at the borders of thirds', () => {
    expect(inWords(look([1, 0, 0, 0]))).toBe('to the top left (44\u00a0%) and the top centre (22\u00a0%)')
  })

  it('knows what of the image was seen', () => {
    const middle = { x: 90, y: 0, width: 90, height: 90 }
    expect(inWords(look([1, 0, 0, 0, 0, 0, 0, 0, 0], middle, 270, 90))).toBe('mostly to the top centre (100\u00a0%)')
    const padded = { x: 0, y: -90, width: 270, height: 270 }
    expect(inWords(look([5, 0, 0, 0, 0, 0.1, 0, 0, 0], padded, 270, 90))).toBe(
      'to the top right (33\u00a0%) and the middle right (33\u00a0%)',
    )
  })
})
