import type { MapSize } from '../ops/depthwise.ts'

export interface SamplingShape {
  images: number
  queries: number
  heads: number
  /** Of a head. */
  width: number
  points: number
  levels: readonly MapSize[]
}

export interface SamplingValues {
  value: ArrayLike<number>
  locations: ArrayLike<number>
  weights: ArrayLike<number>
}

/** Rows of the value of all images. */
export const cellsOf = ({ images, levels }: SamplingShape): number =>
  images * levels.reduce((sum, { height, width }) => sum + height * width, 0)

/** The counts of points, that is of weights. */
export const pointsOf = ({ images, queries, heads, points, levels }: SamplingShape): number =>
  images * queries * heads * levels.length * points

/**
 * Deformable sampling in plain f64, and its gradients by hand for `dy`: floor decides the cells, so that a point exactly on a cell has
 * the slope towards the next. Pixels are rounded to f32 before, since the side of a cell they fall on would else be chance.
 */
export function plainSampling(
  shape: SamplingShape,
  { value, locations, weights }: SamplingValues,
  dy?: ArrayLike<number>,
) {
  const { images, queries, heads, width, points, levels } = shape
  const cells = cellsOf(shape) / images
  const y = new Float64Array(images * queries * heads * width)
  const dValue = new Float64Array(value.length)
  const dLocations = new Float64Array(locations.length)
  const dWeights = new Float64Array(weights.length)
  let first = 0
  levels.forEach((map, level) => {
    for (let row = 0; row < images * queries * heads; row++) {
      const head = row % heads
      const image = Math.floor(row / heads / queries)
      for (let p = 0; p < points; p++) {
        const at = (row * levels.length + level) * points + p
        const [px, py] = [0, 1].map((axis) =>
          Math.fround(locations[2 * at + axis]! * (axis ? map.height : map.width) - 0.5),
        )
        if (!(Math.abs(px!) < 2 ** 23 && Math.abs(py!) < 2 ** 23)) continue
        const [x0, y0] = [Math.floor(px!), Math.floor(py!)]
        const [fx, fy] = [px! - x0, py! - y0]
        for (const [dx, dyy] of [
          [0, 0],
          [1, 0],
          [0, 1],
          [1, 1],
        ] as const) {
          const [x, yy] = [x0 + dx, y0 + dyy]
          if (x < 0 || yy < 0 || x >= map.width || yy >= map.height) continue
          const [shareX, shareY] = [dx ? fx : 1 - fx, dyy ? fy : 1 - fy]
          const cell = ((image * cells + first + yy * map.width + x) * heads + head) * width
          for (let k = 0; k < width; k++) {
            const [v, weight] = [value[cell + k]!, weights[at]!]
            y[row * width + k]! += weight * shareX * shareY * v
            const came = dy?.[row * width + k] ?? 0
            dValue[cell + k]! += weight * shareX * shareY * came
            dWeights[at]! += shareX * shareY * v * came
            dLocations[2 * at]! += weight * map.width * (dx ? 1 : -1) * shareY * v * came
            dLocations[2 * at + 1]! += weight * map.height * (dyy ? 1 : -1) * shareX * v * came
          }
        }
      }
    }
    first += map.height * map.width
  })
  return { y, dValue, dLocations, dWeights }
}
