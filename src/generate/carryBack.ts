import { BeagleError } from '../errors.ts'
import type { ExplainedImage, Explanation, Grid, ImageLook, Look, LookPoint, LookSelection } from '../explainApi.ts'

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

function onImage(
  { origin, grid }: ExplainedImage,
  attention: Float64Array,
  layer: number | undefined,
): { heat: Float32Array; points?: LookPoint[] } {
  const heat = new Float32Array(grid.rows * grid.columns)
  if (origin.kind === 'cells') {
    attention.forEach((weight, m) => {
      const [top = 0, bottom = 0, left = 0, right = 0] = origin.cells.subarray(4 * m, 4 * m + 4)
      const each = weight / ((bottom - top) * (right - left))
      for (let row = top; row < bottom; row++)
        for (let column = left; column < right; column++) heat[row * grid.columns + column]! += each
    })
    return { heat }
  }
  const layers = oneOrAll('Layers of the projector', layer, origin.layers)
  if (origin.kind === 'attention') {
    const tokens = origin.weights.length / origin.layers / heat.length
    for (const l of layers)
      for (let m = 0; m < tokens; m++)
        for (let cell = 0; cell < heat.length; cell++)
          heat[cell]! += (attention[m]! / layers.length) * origin.weights[(l * tokens + m) * heat.length + cell]!
    return { heat }
  }
  const { heads, points: perHead } = origin
  const perLayer = heads * perHead
  const points: LookPoint[] = []
  for (let i = 0; i < origin.weights.length; i++) {
    const token = Math.floor(i / (origin.layers * perLayer))
    if (!layers.includes(Math.floor(i / perLayer) % origin.layers)) continue
    const weight = (attention[token]! / (layers.length * heads)) * origin.weights[i]!
    const [x, y] = [origin.positions[2 * i]!, origin.positions[2 * i + 1]!]
    points.push({ token, x, y, weight })
    spread(heat, grid, x, y, weight)
  }
  return { heat, points: points.sort((a, b) => b.weight - a.weight) }
}

/** Adds a point to the cells that it is sampled between; what falls outside is lost, as it is in the sampling. */
function spread(heat: Float32Array, { rows, columns }: Grid, x: number, y: number, weight: number): void {
  const [column, row] = [x * columns - 0.5, y * rows - 0.5]
  const [left, top] = [Math.floor(column), Math.floor(row)]
  for (const [r, share] of [[top, top + 1 - row] as const, [top + 1, row - top] as const])
    for (const [c, part] of [[left, left + 1 - column] as const, [left + 1, column - left] as const])
      if (r >= 0 && r < rows && c >= 0 && c < columns) heat[r * columns + c]! += weight * share * part
}

const rowNames = ['top', 'middle', 'bottom']
const columnNames = ['left', 'centre', 'right']

/** Attention by thirds of the image, [3 · 3]; cells beyond the image count for nothing, those on a border by their parts. */
function byThirds({ width, height, frame, grid, heat }: ImageLook): number[] {
  const parts = Array<number>(9).fill(0)
  const across = overlaps(frame.x, frame.width / grid.columns, grid.columns, width)
  const down = overlaps(frame.y, frame.height / grid.rows, grid.rows, height)
  heat.forEach((value, cell) => {
    const [row, column] = [down[Math.floor(cell / grid.columns)]!, across[cell % grid.columns]!]
    for (let i = 0; i < 9; i++) parts[i]! += value * row[Math.floor(i / 3)]! * column[i % 3]!
  })
  return parts
}

/** How much of each of `count` cells lies in each third of `extent`. */
function overlaps(begin: number, size: number, count: number, extent: number): number[][] {
  return Array.from({ length: count }, (_, i) => {
    const [from, to] = [begin + i * size, begin + (i + 1) * size]
    return [0, 1, 2].map((third) => {
      const within = Math.min(to, ((third + 1) * extent) / 3) - Math.max(from, (third * extent) / 3)
      return Math.max(0, within) / size
    })
  })
}

/**
 * Where the attention to an image went, for those who do not see it: "mostly to the top left (58 %)". A third of the image's height and
 * width each is a place; "mostly" is half of what can be placed, "all over" where no place has twice what an even look would give it.
 */
export function inWords(look: ImageLook): string {
  const thirds = byThirds(look)
  const total = thirds.reduce((all, part) => all + part, 0)
  if (!(total > 0)) return 'to no place of it'
  const ranked = thirds.map((part, i) => ({ name: nameOf(i), part: part / total })).sort((a, b) => b.part - a.part)
  const [most, next] = [ranked[0]!, ranked[1]!]
  const said = ({ name, part }: { name: string; part: number }) => `the ${name} (${Math.round(100 * part)}\u00a0%)`
  if (most.part >= 0.5) return `mostly to ${said(most)}`
  if (most.part >= 2 / 9) return `to ${said(most)} and ${said(next)}`
  return `all over, most to ${said(most)}`
}

function nameOf(third: number): string {
  const [row, column] = [rowNames[Math.floor(third / 3)]!, columnNames[third % 3]!]
  return third === 4 ? 'centre' : `${row} ${column}`
}
