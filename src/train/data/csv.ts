import Papa from 'papaparse'
import type { DataReport } from '../../teachApi.ts'
import { lineFinder, withoutBom } from './lines.ts'
import { readRecord } from './record.ts'

const wanted = ['image', 'question', 'answer'] as const

/** A row of cells and where it begins in the text. */
interface Row {
  cells: string[]
  offset: number
  /** Papa Parse's name of what is wrong with its quotes. */
  broken?: string
}

/**
 * Reads a table whose first line names its columns: image, question, answer and, if wanted, kind, in any order; others are passed
 * over. The delimiter (comma, tab, semicolon or bar) is the one that parts the first line into most columns. Cells may be quoted
 * and then hold delimiters and newlines. `name` is the file's, for the report.
 */
export function readCsv(name: string, text: string): DataReport {
  const report: DataReport = { format: 'csv', rows: [], problems: [] }
  const table = withoutBom(text).replace(/\r\n?/g, '\n')
  const lineOf = lineFinder(table)
  const [head, ...body] = rowsOf(table)
  const columns = head?.cells.map((cell) => cell.trim().toLowerCase()) ?? []
  const missing = wanted.filter((column) => !columns.includes(column))
  if (missing.length > 0) {
    const message = `The first line must name the columns ${wanted.join(', ')}, but there is no ${missing.join(', no ')}.`
    report.problems.push({ where: `${name}:${lineOf(head?.offset ?? 0)}`, message })
    return report
  }
  for (const { cells, offset, broken } of body) {
    const where = `${name}:${lineOf(offset)}`
    const wrong = broken
      ? meaningOfQuotes(broken)
      : cells.length !== columns.length
        ? `This row has ${cells.length} cells, but the first line names ${columns.length} columns. Put texts that contain the delimiter into double quotes.`
        : undefined
    const result = wrong
      ? { message: wrong }
      : readRecord(Object.fromEntries(columns.map((column, i) => [column, cells[i]])))
    if ('row' in result) report.rows.push({ ...result.row, name: where })
    else report.problems.push({ where, message: result.message })
  }
  return report
}

/** All rows that are not blank. Where quotes are broken the rest of the text would be one cell; so reading begins again on the next line. */
function rowsOf(table: string): Row[] {
  const delimiter = delimiterOf(table.trimStart().split('\n', 1)[0]!)
  const rows: Row[] = []
  for (let from = 0; from < table.length; ) {
    let start = from
    let next = table.length
    Papa.parse<string[]>(table.slice(from), {
      delimiter,
      newline: '\n',
      step({ data: cells, errors, meta }, parser) {
        const broken = errors.find(({ type }) => type === 'Quotes')?.code
        if (broken || cells.some((cell) => cell.trim() !== '')) rows.push({ cells, offset: start, broken })
        if (broken) {
          const newline = table.indexOf('\n', start)
          if (newline >= 0) next = newline + 1
          parser.abort()
        }
        start = from + meta.cursor
      },
    })
    from = next
  }
  return rows
}

function delimiterOf(line: string): string {
  const columns = (delimiter: string) => Papa.parse<string[]>(line, { delimiter }).data[0]?.length ?? 0
  return [',', '\t', ';', '|'].reduce((best, other) => (columns(other) > columns(best) ? other : best))
}

function meaningOfQuotes(code: string): string {
  return code === 'MissingQuotes'
    ? 'A cell begins with a double quote that is never closed. Close it; within a quoted cell, write "" for a quote.'
    : 'A cell goes on behind its closing double quote. Within a quoted cell, write "" for a quote.'
}
