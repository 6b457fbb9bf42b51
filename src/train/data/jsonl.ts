import { getNodeValue } from 'jsonc-parser'
import type { DataReport } from '../../teachApi.ts'
import { meaningOf, parseJson, withoutBom } from './lines.ts'
import { readRecord } from './record.ts'

/** Reads one JSON object per line; empty lines are passed over. `name` is the file's, for the report. */
export function readJsonl(name: string, text: string): DataReport {
  const report: DataReport = { format: 'jsonl', rows: [], problems: [] }
  withoutBom(text)
    .split(/\r\n|\n|\r/)
    .forEach((line, i) => {
      if (line.trim() === '') return
      const where = `${name}:${i + 1}`
      const { root, errors } = parseJson(line)
      if (errors[0]) {
        const message = `This is no JSON: ${meaningOf(errors[0])} (column ${errors[0].offset + 1}).`
        report.problems.push({ where, message })
        return
      }
      const result = readRecord(root && getNodeValue(root))
      if ('row' in result) report.rows.push({ ...result.row, name: where })
      else report.problems.push({ where, message: result.message })
    })
  return report
}
