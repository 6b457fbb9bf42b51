import type { ProjectorConfig } from '../../checkpoint/configTypes.ts'
import type { Ends } from './ends.ts'

/** First row, end row, first column, end column. */
type Cell = [number, number, number, number]

const nowhere: Cell = [0, 0, 0, 0]

/**
 * The cells of the `side` × `side` grid of features that each visual token of a projector comes from, [M, 4]; undefined where learned
 * queries choose what they look at. A class token and end tokens come from nowhere.
 */
export function cellsOf(
  { config, ends }: { config: ProjectorConfig; ends: Ends },
  side: number,
): Int32Array | undefined {
  switch (config.type) {
    case 'linear':
    case 'mlp2x_gelu':
    case 'mlp':
      return Int32Array.from(featureCells(ends, side).flat())
    case 'c-abs': {
      const pooled = Math.sqrt(config.tokens)
      const cells = grid(pooled, (i) => [Math.floor((i * side) / pooled), Math.ceil(((i + 1) * side) / pooled)])
      return Int32Array.from([...cells, ...Array<Cell>(config.endTokens).fill(nowhere)].flat())
    }
    default:
      return undefined
  }
}

/** The cell of every feature of an image, level by level. */
export function featureCells({ positions, levels }: Ends, side: number): Cell[] {
  const classTokens = Array<Cell>(positions - side * side).fill(nowhere)
  const map = [...classTokens, ...grid(side, (i) => [i, i + 1])]
  return Array.from({ length: levels }, () => map).flat()
}

function grid(side: number, range: (i: number) => [number, number]): Cell[] {
  return Array.from({ length: side * side }, (_, i) => [...range(Math.floor(i / side)), ...range(i % side)])
}
