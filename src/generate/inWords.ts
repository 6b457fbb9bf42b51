import type { ImageLook } from '../explainApi.ts'

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
