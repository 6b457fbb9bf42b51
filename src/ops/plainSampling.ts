import type { MapSize } from './depthwise.ts'

type Numbers = ArrayLike<number>

export interface SamplingShape {
  images: number
  queries: number
  heads: number
  /** Of a head. */
  width: number
  points: number
  levels: readonly MapSize[]
}

/** Rows of the values of all images. */
export const cellsOf = ({ images, levels }: SamplingShape): number =>
  images * levels.reduce((sum, { height, width }) => sum + height * width, 0)

/** Points of all images, which is how many weights there are. */
export const pointsOf = ({ images, queries, heads, points, levels }: SamplingShape): number =>
  images * queries * heads * levels.length * points

/** The cell before a location along one axis, and how far it is from there to the next. */
function placeOf(location: number, size: number): [cell: number, part: number] {
  const pixel = location * size - 0.5
  return [Math.floor(pixel), pixel - Math.floor(pixel)]
}

/** Deformable sampling in f64, and the gradients of Σ y · dy by hand; the tensors are those of `deformableSampling`. */
export function plainSampling(
  shape: SamplingShape,
  { value, locations, weights, dy }: Record<'value' | 'locations' | 'weights' | 'dy', Numbers>,
): Record<'y' | 'dValue' | 'dLocations' | 'dWeights', Float64Array> {
  const { images, queries, heads, width, points, levels } = shape
  const cells = cellsOf(shape) / images
  const y = new Float64Array(images * queries * heads * width)
  const [dValue, dLocations, dWeights] = [value, locations, weights].map(({ length }) => new Float64Array(length)) as [
    Float64Array,
    Float64Array,
    Float64Array,
  ]
  let firstCell = 0
  levels.forEach((map, level) => {
    for (let row = 0; row < images * queries * heads; row++) {
      const image = Math.floor(row / (queries * heads))
      for (let p = 0; p < points; p++) {
        const at = (row * levels.length + level) * points + p
        const [x, partX] = placeOf(locations[2 * at]!, map.width)
        const [down, partDown] = placeOf(locations[2 * at + 1]!, map.height)
        for (const [right, below] of [0, 1, 2, 3].map((corner) => [corner % 2, corner >> 1] as const)) {
          const inside = x + right >= 0 && x + right < map.width && down + below >= 0 && down + below < map.height
          if (!inside) continue
          const [shareX, shareDown] = [right ? partX : 1 - partX, below ? partDown : 1 - partDown]
          const cell = image * cells + firstCell + (down + below) * map.width + x + right
          const from = (cell * heads + (row % heads)) * width
          for (let k = 0; k < width; k++) {
            const product = value[from + k]! * dy[row * width + k]!
            y[row * width + k]! += weights[at]! * shareX * shareDown * value[from + k]!
            dValue[from + k]! += weights[at]! * shareX * shareDown * dy[row * width + k]!
            dWeights[at]! += shareX * shareDown * product
            dLocations[2 * at]! += (right ? 1 : -1) * map.width * weights[at]! * shareDown * product
            dLocations[2 * at + 1]! += (below ? 1 : -1) * map.height * weights[at]! * shareX * product
          }
        }
      }
    }
    firstCell += map.height * map.width
  })
  return { y, dValue, dLocations, dWeights }
}
