import { BeagleError } from '../errors.ts'
import type {
  ExplainedImage,
  Explanation,
  Grid,
  ImageLook,
  Look,
  LookPoint,
  LookSelection,
  TokenOrigin,
} from '../explainApi.ts'

/**
 * Carries attention to visual tokens back to the images, through where the projector took each of them from: the mean over what
 * `selection` leaves open, not scaled in any way. Throws `bad-argument` for what was not explained.
 */
export function carryBack(explanation: Explanation, selection: LookSelection = {}): Look {
  const attention = attentionTo(explanation, selection)
  const images = explanation.images.map((image): ImageLook => {
    const { width, height, frame, grid, tokens } = image
    const own = attention.subarray(...tokens)
    return { width, height, frame, grid, share: sum(own), ...onImage(image, own, selection.projectorLayer) }
  })
  return { share: sum(attention), images }
}

const sum = (values: Float64Array) => values.reduce((total, value) => total + value, 0)

/** The mean attention of what is selected to each visual token. */
function attentionTo(explanation: Explanation, { tokens, layer, head }: LookSelection): Float64Array {
  const { explained, layers, heads, visualTokens, data } = explanation
  const [first, end] = tokens ?? explained
  const chosen = [
    span('Tokens', first, end, ...explained),
    oneOrAll('Layers', layer, layers),
    oneOrAll('Heads', head, heads),
  ] as const
  const mean = new Float64Array(visualTokens)
  const count = chosen.reduce((product, { length }) => product * length, 1)
  for (const t of chosen[0])
    for (const l of chosen[1])
      for (const h of chosen[2]) {
        const at = (((t - explained[0]) * layers + l) * heads + h) * visualTokens
        for (let m = 0; m < visualTokens; m++) mean[m]! += data[at + m]! / count
      }
  return mean
}

/** The whole numbers from `first` up to `end`, which must lie within `least` and `most`. */
function span(what: string, first: number, end: number, least: number, most: number): number[] {
  if (Number.isInteger(first) && Number.isInteger(end) && first >= least && first < end && end <= most)
    return Array.from({ length: end - first }, (_, i) => first + i)
  throw new BeagleError(
    'bad-argument',
    `${what} ${first} up to ${end} are asked for, explained are ${least} up to ${most}. Choose among those.`,
  )
}

/** One of `count`, or all of them. */
function oneOrAll(what: string, chosen: number | undefined, count: number): number[] {
  return chosen === undefined ? span(what, 0, count, 0, count) : span(what, chosen, chosen + 1, 0, count)
}

function onImage({ origin, grid }: ExplainedImage, attention: Float64Array, layer: number | undefined) {
  const heat = new Float32Array(grid.rows * grid.columns)
  if (origin.kind === 'cells') {
    addCells(heat, grid, origin.cells, attention)
    return { heat }
  }
  const layers = oneOrAll('Layers of the projector', layer, origin.layers)
  if (origin.kind === 'points') return { heat, points: addPoints(heat, grid, origin, attention, layers) }
  addAttended(heat, origin, attention, layers)
  return { heat }
}

/** A token's attention falls evenly on its cells. */
function addCells(heat: Float32Array, { columns }: Grid, cells: Int32Array, attention: Float64Array): void {
  attention.forEach((weight, m) => {
    const [top = 0, bottom = 0, left = 0, right = 0] = cells.subarray(4 * m, 4 * m + 4)
    const each = weight / ((bottom - top) * (right - left))
    for (let row = top; row < bottom; row++)
      for (let column = left; column < right; column++) heat[row * columns + column]! += each
  })
}

/** A token's attention falls on cells as its query's did. */
function addAttended(
  heat: Float32Array,
  { weights, layers: all }: Extract<TokenOrigin, { kind: 'attention' }>,
  attention: Float64Array,
  layers: readonly number[],
): void {
  const tokens = weights.length / all / heat.length
  for (const l of layers)
    for (let m = 0; m < tokens; m++)
      for (let cell = 0; cell < heat.length; cell++)
        heat[cell]! += (attention[m]! / layers.length) * weights[(l * tokens + m) * heat.length + cell]!
}

/** A token's attention falls on the points that its query sampled, and from each on the cells about it. */
function addPoints(
  heat: Float32Array,
  grid: Grid,
  origin: Extract<TokenOrigin, { kind: 'points' }>,
  attention: Float64Array,
  layers: readonly number[],
): LookPoint[] {
  const { heads, positions, weights } = origin
  const perLayer = heads * origin.points
  const points: LookPoint[] = []
  weights.forEach((share, i) => {
    if (!layers.includes(Math.floor(i / perLayer) % origin.layers)) return
    const token = Math.floor(i / (origin.layers * perLayer))
    const weight = (attention[token]! / (layers.length * heads)) * share
    const [x, y] = [positions[2 * i]!, positions[2 * i + 1]!]
    points.push({ token, x, y, weight })
    spread(heat, grid, x, y, weight)
  })
  return points.sort((a, b) => b.weight - a.weight)
}

/** Adds a point to the cells that it is sampled between; what falls outside is lost, as it is in the sampling. */
function spread(heat: Float32Array, { rows, columns }: Grid, x: number, y: number, weight: number): void {
  const [column, row] = [x * columns - 0.5, y * rows - 0.5]
  const [left, top] = [Math.floor(column), Math.floor(row)]
  for (const [r, share] of [[top, top + 1 - row] as const, [top + 1, row - top] as const])
    for (const [c, part] of [[left, left + 1 - column] as const, [left + 1, column - left] as const])
      if (r >= 0 && r < rows && c >= 0 && c < columns) heat[r * columns + c]! += weight * share * part
}
