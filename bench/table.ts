/** What a bench gives back: plain data, so that it crosses from the browser's page to Node. */
export interface Table {
  title: string
  /** How it was measured, in a sentence. */
  note?: string
  columns: string[]
  rows: (string | number)[][]
}

/** What a bench gets from whoever runs it. */
export interface BenchContext {
  gpu: GPU
  /** Every size, where a bench has so many that it leaves some out. */
  all: boolean
  log(line: string): void
}

export type Bench = (context: BenchContext) => Promise<Table[]>

/** The middle value; of an even count, the mean of the middle two. */
export function median(values: number[]): number {
  const sorted = [...values].sort((a, b) => a - b)
  const half = sorted.length >> 1
  return sorted.length % 2 ? sorted[half]! : (sorted[half - 1]! + sorted[half]!) / 2
}

/** Text for a terminal: words to the left, numbers to the right with three significant digits; no heading where it is empty. */
export function formatTable(table: Table): string {
  const heading = table.columns.some(Boolean) ? [table.columns] : []
  const cells = [
    ...heading,
    ...table.rows.map((row) => table.columns.map((_, column) => formatCell(row[column] ?? ''))),
  ]
  const widths = table.columns.map((_, column) => Math.max(...cells.map((row) => row[column]?.length ?? 0)))
  const isNumeric = table.columns.map((_, column) => table.rows.some((row) => typeof row[column] === 'number'))
  const lines = cells.map((row) =>
    row
      .map((cell, column) => (isNumeric[column] ? cell.padStart(widths[column]!) : cell.padEnd(widths[column]!)))
      .join('  ')
      .trimEnd(),
  )
  const rule = heading.length ? [widths.map((width) => '-'.repeat(width)).join('  ')] : []
  const body = [...lines.slice(0, heading.length), ...rule, ...lines.slice(heading.length)]
  return [table.title, ...(table.note ? [table.note] : []), '', ...body].join('\n')
}

function formatCell(cell: string | number): string {
  if (typeof cell === 'string') return cell
  if (!Number.isFinite(cell)) return '–'
  return Math.abs(cell) >= 1000 ? cell.toFixed(0) : String(Number(cell.toPrecision(3)))
}
