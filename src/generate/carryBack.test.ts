import { describe, expect, it } from 'vitest'
import type { ExplainedImage, Explanation, TokenOrigin } from '../explainApi.ts'
import { cellsOf } from '../models/projectors/cells.ts'
import { carryBack } from './carryBack.ts'

const square = { width: 90, height: 90, frame: { x: 0, y: 0, width: 90, height: 90 } }

/** Two tokens, two layers, two heads; token t gives visual token m in layer l and head h `weight(t, l, h, m)`. */
function explanationOf(
  visualTokens: number,
  images: ExplainedImage[],
  weight: (t: number, l: number, h: number, m: number) => number,
): Explanation {
  const [layers, heads] = [2, 2]
  const data = Float32Array.from({ length: 2 * layers * heads * visualTokens }, (_, i) => {
    const row = Math.floor(i / visualTokens)
    return weight(Math.floor(row / 4), Math.floor(row / 2) % 2, row % 2, i % visualTokens)
  })
  const words = { text: '', tokens: [], words: [], imageShare: new Float32Array(2) }
  return { ...words, explained: [3, 5], layers, heads, visualTokens, data, images }
}

const imageOf = (side: number, tokens: [number, number], origin: TokenOrigin): ExplainedImage => ({
  ...{ ...square, grid: { rows: side, columns: side }, tokens, origin },
})

const cells = (type: 'mlp' | 'c-abs', tokens: number, side: number, endTokens = 0): TokenOrigin => {
  const ends = { positions: side * side, levels: 1, features: 8, width: 8 }
  const config =
    type === 'mlp'
      ? ({ type, depth: 1, act: 'silu' } as const)
      : ({ type, tokens, endTokens, hidden: 8, depth: 1, mlpDepth: 1, positions: true, preNorm: false } as const)
  return { kind: 'cells', cells: cellsOf({ config, ends }, side)! }
}

const rounded = (values: ArrayLike<number>) => Array.from(values, (value) => Math.round(value * 1e6) / 1e6)

describe('carryBack', () => {
  it('takes the mean of what is left open', () => {
    const image = imageOf(2, [0, 4], cells('mlp', 4, 2))
    const explanation = explanationOf(4, [image], (t, l, h, m) => (t + 2 * l + 4 * h) * 0.01 + m * 0.001)
    const at = (selection: Parameters<typeof carryBack>[1]) =>
      rounded(carryBack(explanation, selection).images[0]!.heat)
    expect(at({ tokens: [4, 5], layer: 1, head: 0 })).toEqual([0.03, 0.031, 0.032, 0.033])
    expect(at({ tokens: [3, 4], layer: 0 })).toEqual([0.02, 0.021, 0.022, 0.023])
    expect(at({ head: 1 })).toEqual([0.055, 0.056, 0.057, 0.058])
    expect(at({})).toEqual([0.035, 0.036, 0.037, 0.038])
    expect(carryBack(explanation, { tokens: [3, 4], layer: 0, head: 0 }).share).toBeCloseTo(0.006)
  })

  it('refuses what was not explained', () => {
    const explanation = explanationOf(4, [imageOf(2, [0, 4], cells('mlp', 4, 2))], () => 0)
    expect(() => carryBack(explanation, { tokens: [2, 4] })).toThrow(
      'Tokens 2 up to 4 are asked for, explained are 3 up to 5',
    )
    expect(() => carryBack(explanation, { layer: 2 })).toThrow('Layers 2 up to 3')
    expect(() => carryBack(explanation, { head: -1 })).toThrow('Heads -1 up to 0')
  })

  it('gives each image what went to its own tokens', () => {
    const images = [imageOf(2, [0, 4], cells('mlp', 4, 2)), imageOf(1, [4, 5], cells('mlp', 1, 1))]
    const { share, images: looks } = carryBack(explanationOf(5, images, (_t, _l, _h, m) => (m + 1) * 0.01))
    expect(rounded(looks[0]!.heat)).toEqual([0.01, 0.02, 0.03, 0.04])
    expect(rounded(looks[1]!.heat)).toEqual([0.05])
    expect(rounded([share, looks[0]!.share, looks[1]!.share])).toEqual([0.15, 0.1, 0.05])
  })

  it('spreads a C-Abstractor’s tokens over the cells that they pool, which may overlap, and end tokens nowhere', () => {
    const image = imageOf(3, [0, 5], cells('c-abs', 4, 3, 1))
    const { images } = carryBack(explanationOf(5, [image], (_t, _l, _h, m) => [0.4, 0, 0, 0.08, 0.3][m]!))
    expect(rounded(images[0]!.heat)).toEqual([0.1, 0.1, 0, 0.1, 0.12, 0.02, 0, 0.02, 0.02])
    expect(images[0]!.share).toBeCloseTo(0.78)
  })

  it('spreads tokens over single cells where there are more of them than cells', () => {
    const image = imageOf(2, [0, 16], cells('c-abs', 16, 2))
    const { images } = carryBack(explanationOf(16, [image], (_t, _l, _h, m) => (m % 4 < 2 ? 0.01 : 0.02)))
    expect(rounded(images[0]!.heat)).toEqual([0.04, 0.08, 0.04, 0.08])
  })

  it('leaves class tokens out and lays levels over each other', () => {
    const ends = { positions: 5, levels: 2, features: 8, width: 8 }
    const found = cellsOf({ config: { type: 'mlp', depth: 1, act: 'silu' }, ends }, 2)!
    const image = imageOf(2, [0, 10], { kind: 'cells', cells: found })
    const { images } = carryBack(explanationOf(10, [image], (_t, _l, _h, m) => m * 0.01))
    expect(rounded(images[0]!.heat)).toEqual([0.07, 0.09, 0.11, 0.13])
  })

  it('carries on what queries attended to, layer by layer', () => {
    const weights = Float32Array.of(...[0.5, 0, 0, 0.5], ...[0, 1, 0, 0], ...[0, 0, 0.2, 0], ...[0, 0, 0, 0.6])
    const image = imageOf(2, [0, 3], { kind: 'attention', layers: 2, weights })
    const explanation = explanationOf(3, [image], (_t, _l, _h, m) => [0.4, 0.1, 0.2][m]!)
    const at = (projectorLayer?: number) => rounded(carryBack(explanation, { projectorLayer }).images[0]!.heat)
    expect(at(0)).toEqual([0.2, 0.1, 0, 0.2])
    expect(at(1)).toEqual([0, 0, 0.08, 0.06])
    expect(at()).toEqual([0.1, 0.05, 0.04, 0.13])
    expect(() => at(2)).toThrow('Layers of the projector 2 up to 3')
  })

  it('carries on where queries sampled, between cells and out of the image', () => {
    // [tokens 2, layers 1, heads 2, points 1]
    const positions = Float32Array.of(0.25, 0.25, 0.5, 0.25, 0, 0.75, 3, 3)
    const origin: TokenOrigin = {
      kind: 'points',
      layers: 1,
      heads: 2,
      points: 1,
      positions,
      weights: Float32Array.of(1, 1, 1, 1),
    }
    const explanation = explanationOf(3, [imageOf(2, [0, 3], origin)], (_t, _l, _h, m) => [0.4, 0.2, 0.3][m]!)
    const { heat, points, share } = carryBack(explanation).images[0]!
    expect(rounded(heat)).toEqual([0.3, 0.1, 0.05, 0])
    expect(points!.map(({ token, x, y, weight }) => [token, x, y, ...rounded([weight])])).toEqual([
      [0, 0.25, 0.25, 0.2],
      [0, 0.5, 0.25, 0.2],
      [1, 0, 0.75, 0.1],
      [1, 3, 3, 0.1],
    ])
    expect(share).toBeCloseTo(0.9)
  })
})
