import { findNodeAtLocation, getNodeValue, type Node } from 'jsonc-parser'
import type { DataReport } from '../../teachApi.ts'
import { lineFinder, meaningOf, parseJson, withoutBom } from './lines.ts'
import { type Fault, readRecord } from './record.ts'

/** Strings, which end with their line where they are not closed, and brackets. */
const stringsAndBrackets = /"(?:[^"\\\r\n]|\\.)*"?|[{}[\]]/g
/** How an example begins, and an object within one does not. */
const exampleStart = /\{\s*"(id|image|conversations|question|answer|kind)"/g

/**
 * Reads LLaVA's training format, one list of `{ id, image, conversations: [{ from, value }] }`. Examples are parsed one by one, so that
 * a syntax error costs only the one that it is in. `name` is the file's, for the report, which adds the column where everything
 * stands on one line.
 */
export function readLlava(name: string, text: string): DataReport {
  const report: DataReport = { format: 'llava', rows: [], problems: [] }
  const json = withoutBom(text).trimEnd()
  const lineOf = lineFinder(json)
  const isOneLine = lineOf(json.length) === 1
  const place = (offset: number) => `${name}:${lineOf(offset)}${isOneLine ? `:${offset + 1}` : ''}`
  const complain = (offset: number, message: string) => report.problems.push({ where: place(offset), message })

  const opening = json.length - json.trimStart().length
  if (json[opening] !== '[') {
    complain(opening, 'The file must hold a list of examples, which begins with [.')
    return report
  }
  let at = opening + 1
  /** What must stand before the next example. */
  let separator = ''
  for (let start = nextObject(json, at); start !== undefined; start = nextObject(json, at)) {
    const between = json.slice(at, start).trim()
    if (between === '' && separator !== '') complain(start, 'A comma is missing before this example.')
    else if (between !== separator) complain(strayAt(json, at), 'This is no example, which would be an object { … }.')
    const end = endOf(json, start)
    const { root, errors } = parseJson(json.slice(start, end))
    const result = errors[0] ?? readRecord(root && getNodeValue(root))
    if ('row' in result) report.rows.push({ ...result.row, name: place(start) })
    else if ('error' in result) complain(start + result.offset, `This example is no JSON: ${meaningOf(result)}.`)
    else complain(start + offsetOf(root, result), result.message)
    const swallowed = errors[0] && search(exampleStart, json, start + Math.max(1, errors[0].offset))
    at = swallowed !== undefined && swallowed < end ? swallowed : end
    separator = at === end ? ',' : ''
    if (errors[0] && at === json.length) return report
  }
  const rest = json.slice(at).trim()
  if (rest === '' || rest === ',') complain(json.length, 'The list is not closed: ] is missing at its end.')
  else if (!/^,?\s*\]$/.test(rest)) complain(strayAt(json, at), 'This is no example, which would be an object { … }.')
  return report
}

/** Where the next object of the list begins; none when the list ends before. */
function nextObject(json: string, at: number): number | undefined {
  stringsAndBrackets.lastIndex = at
  for (let found = stringsAndBrackets.exec(json); found; found = stringsAndBrackets.exec(json)) {
    if (found[0] === '{') return found.index
    if (found[0] === ']') return undefined
  }
  return undefined
}

/** The offset behind the bracket that closes the one at `start`, or the text's end. */
function endOf(json: string, start: number): number {
  let depth = 0
  stringsAndBrackets.lastIndex = start
  for (let found = stringsAndBrackets.exec(json); found; found = stringsAndBrackets.exec(json)) {
    if (found[0] === '{' || found[0] === '[') depth++
    else if (found[0] === '}' || found[0] === ']') depth--
    if (depth === 0) return found.index + 1
  }
  return json.length
}

function search(pattern: RegExp, text: string, from: number): number | undefined {
  pattern.lastIndex = from
  return pattern.exec(text)?.index
}

/** The first character that is neither blank nor a comma. */
const strayAt = (json: string, from: number) => search(/[^\s,]/g, json, from) ?? from

/** The offset of the deepest node that is there on the way to what is wrong. */
function offsetOf(example: Node | undefined, { path }: Fault): number {
  for (let length = path.length; example && length > 0; length--) {
    const node = findNodeAtLocation(example, path.slice(0, length))
    if (node) return node.offset
  }
  return 0
}
