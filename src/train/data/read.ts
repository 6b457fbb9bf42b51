import { BeagleError } from '../../errors.ts'
import type { DataReport } from '../../teachApi.ts'
import { readCsv } from './csv.ts'
import { readJsonl } from './jsonl.ts'
import { parseJson, withoutBom } from './lines.ts'
import { readLlava } from './llava.ts'

const known =
  'Known are LLaVA’s .json (a list of { image, conversations }), .jsonl or .ndjson (a line is { image, question, answer }), and .csv or .tsv (columns image, question, answer).'

/** Files whose names end so are read by `readData`. */
export const dataExtensions = ['.json', '.jsonl', '.ndjson', '.csv', '.tsv'] as const

/**
 * Reads a data file: its extension tells tables from JSON, its content a list from lines. Wrong lines are in the report; throws
 * `bad-file` where the file as a whole is none that can be read.
 */
export function readData(fileName: string, text: string): DataReport {
  const name = fileName.split(/[/\\]/).at(-1)!
  const extension = dataExtensions.find((end) => name.toLowerCase().endsWith(end))
  const unreadable = (why: string) => new BeagleError('bad-file', `"${name}" ${why}. ${known}`)
  if (!extension) throw unreadable('is no data file that can be read')
  const content = withoutBom(text).trimStart()
  if (content === '') throw unreadable('is empty')
  if (content.slice(0, 1000).includes('\0')) throw unreadable('is no UTF-8 text; save it as UTF-8')
  if (extension === '.csv' || extension === '.tsv') return readCsv(name, text)
  const isLines = !content.startsWith('[') && (extension !== '.json' || isObject(content.split(/[\r\n]/, 1)[0]!))
  return isLines ? readJsonl(name, text) : readLlava(name, text)
}

const isObject = (line: string) => {
  const { root, errors } = parseJson(line)
  return errors.length === 0 && root?.type === 'object'
}
