import { download } from '../download.ts'
import type { Compared } from './labCompare.ts'
import { columnScores, type Evaluated } from './labEvaluate.ts'

export type ExportFormat = 'csv' | 'json'

type Cell = string | number | undefined

/** Saves the answers to one question. */
export function exportCompared(result: Compared, format: ExportFormat): void {
  save(format === 'csv' ? comparedCsv(result) : comparedJson(result), `Lab ${result.model.label} question`, format)
}

/** Saves the scores of an evaluation; as JSON with every answer. */
export function exportEvaluated(result: Evaluated, format: ExportFormat): void {
  save(
    format === 'csv' ? evaluatedCsv(result) : evaluatedJson(result),
    `Lab ${result.model.label} ${result.set}`,
    format,
  )
}

/** One line per projector. */
export function comparedCsv({ columns, answers, question, picture }: Compared): string {
  const head = [
    ...['projector', 'type', 'visual tokens', 'encode ms', 'first token ms', 'tokens/s', 'answer tokens', 'timed runs'],
    ...['projector bytes', 'visual tokens KV bytes', 'image', 'question', 'answer'],
  ]
  const rows = answers.map((one) => [
    columns.find(({ name }) => name === one.projector)?.label,
    ...[one.type, one.visualTokens, one.encodeMs, one.firstTokenMs, one.tokensPerSecond, one.tokens, one.runs],
    ...[one.projectorBytes, one.visualTokenBytes, picture.name, question, one.text],
  ])
  return csv([head, ...rows])
}

function comparedJson({ picture, ...result }: Compared): string {
  const measured = 'medians of the timed runs, after one that was not timed; nothing reused between runs; milliseconds'
  return JSON.stringify({ ...result, at: new Date(result.at), picture: picture.name, measured }, null, 1)
}

/** One line per kind of question and projector. */
export function evaluatedCsv(result: Evaluated): string {
  const rows = columnScores(result).flatMap(({ all, kinds }, i) => {
    const { label, type, visualTokens } = result.columns[i]!
    const named = Object.entries(kinds).sort(([a], [b]) => a.localeCompare(b))
    return [...named, ['all', all] as const].map(([kind, { right, of }]) => [
      ...[label, type, visualTokens, kind, right, of],
      of === 0 ? undefined : right / of,
    ])
  })
  return csv([['projector', 'type', 'visual tokens', 'kind', 'right', 'of', 'share'], ...rows])
}

function evaluatedJson(result: Evaluated): string {
  const { questions, answers, columns, ...about } = result
  const said = questions.map((question, index) => ({
    ...question,
    said: Object.fromEntries(
      answers.filter((one) => one.index === index).map(({ projector, said, right }) => [projector, { said, right }]),
    ),
  }))
  const scored = columnScores(result).map((score, i) => ({ ...columns[i]!, ...score }))
  return JSON.stringify({ ...about, at: new Date(about.at), projectors: scored, questions: said }, null, 1)
}

/** RFC 4180: cells with quotes, commas or line breaks are quoted. */
export function csv(rows: Cell[][]): string {
  const cell = (value: Cell) => {
    const text = String(value ?? '')
    return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text
  }
  return rows.map((row) => `${row.map(cell).join(',')}\r\n`).join('')
}

function save(text: string, name: string, format: ExportFormat): void {
  const type = format === 'csv' ? 'text/csv' : 'application/json'
  download(new Blob([text], { type }), name, format)
}
