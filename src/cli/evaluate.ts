import { readFile } from 'node:fs/promises'
import { dirname, resolve } from 'node:path'
import type { Command } from 'commander'
import { BeagleError, type Model, type RgbImage } from '../index.ts'
import { withProjector } from './loadModel.ts'
import { addLoadOptions, addProjectorOption, type LoadFlags, type ProjectorFlags, whole } from './options.ts'
import { readImage, whyUnread } from './question.ts'
import { table } from './table.ts'
import type { Terminal } from './terminal.ts'

interface EvaluateFlags extends LoadFlags, ProjectorFlags {
  data: string
  limit?: number
  only?: string
  maxNewTokens: number
  json?: true
}

/** One line of an evaluation file; the image's path is relative to the file. */
export interface Item {
  image: string
  question: string
  answer: string
  kind: string
}

interface Score {
  right: number
  of: number
}

const examples = `
Each line of the file is one object: image (a path relative to the file), question, answer, kind. An answer counts
when it is the expected one, but for case, outer spaces and a final period. Questions about the same image should
follow each other: the image is then computed once.

Example:
  beagle evaluate --data public/models/pocket/eval/eval.jsonl --weights q4`

/** `beagle evaluate`: exact match per kind of question. */
export function addEvaluate(program: Command, terminal: Terminal): void {
  addProjectorOption(addLoadOptions(program.command('evaluate'), 'q4'))
    .description('ask the questions of a JSONL file and count exact answers per kind')
    .requiredOption('-d, --data <file>', 'the JSONL file')
    .option('--limit <n>', 'only the first n questions', whole(1))
    .option('--only <prefix>', 'only questions about images whose path begins so')
    .option('-n, --max-new-tokens <n>', 'most tokens of an answer', whole(1), 32)
    .option('--json', 'print one JSON object, with every wrong answer')
    .addHelpText('after', examples)
    .action((flags: EvaluateFlags) => evaluate(flags, terminal))
}

async function evaluate(flags: EvaluateFlags, terminal: Terminal): Promise<void> {
  const all = await readItems(flags.data)
  const items = all.filter(({ image }) => image.startsWith(flags.only ?? '')).slice(0, flags.limit)
  if (items.length === 0)
    throw new BeagleError('bad-argument', `No question of "${flags.data}" is left to ask. Change --only.`)
  const start = performance.now()
  const report = await withProjector(flags, terminal, (model) => askAll(model, items, flags, terminal))
  const seconds = (performance.now() - start) / 1000
  if (flags.json) terminal.out(`${JSON.stringify({ ...report, weights: flags.weights, seconds })}\n`)
  else terminal.out(`${describe(report.kinds, report.total)}\n`)
}

interface Report {
  total: Score
  kinds: Record<string, Score>
  wrong: (Item & { said: string })[]
}

async function askAll(model: Model, items: Item[], flags: EvaluateFlags, terminal: Terminal): Promise<Report> {
  const report: Report = { total: { right: 0, of: 0 }, kinds: {}, wrong: [] }
  let shown: { path: string; image: RgbImage } | undefined
  for (const item of items) {
    const path = resolve(dirname(flags.data), item.image)
    if (shown?.path !== path) shown = { path, image: await readImage(path) }
    const said = await answer(model, shown.image, item.question, flags, terminal.signal)
    const right = normalize(said) === normalize(item.answer)
    if (!right) report.wrong.push({ ...item, said })
    report.kinds[item.kind] ??= { right: 0, of: 0 }
    for (const score of [report.total, report.kinds[item.kind]!]) {
      score.of++
      if (right) score.right++
    }
    if (terminal.watched)
      terminal.err(`\r\x1b[K${report.total.right} right of ${report.total.of}, ${items.length} in all`)
  }
  if (terminal.watched) terminal.err('\r\x1b[K')
  return report
}

async function answer(
  model: Model,
  image: RgbImage,
  question: string,
  { maxNewTokens }: EvaluateFlags,
  signal: AbortSignal,
): Promise<string> {
  const content = [{ type: 'image', image } as const, { type: 'text', text: question } as const]
  for await (const { result } of model.chat([{ role: 'user', content }], { maxNewTokens, temperature: 0, signal })) {
    if (result && result.finishReason !== 'aborted') return result.text
  }
  throw new BeagleError('aborted', 'Stopped on request.')
}

/** Answers that differ only in case, outer spaces or a final period are the same. */
export function normalize(text: string): string {
  return text.trim().replace(/\.$/, '').trimEnd().toLowerCase()
}

/** Reads an evaluation file. Throws with the number of the first line that is none of its kind. */
export async function readItems(path: string): Promise<Item[]> {
  const text = await readFile(path, 'utf8').catch((cause: NodeJS.ErrnoException) => {
    throw new BeagleError('not-found', whyUnread('data', path, cause), { cause })
  })
  return text.split('\n').flatMap((line, i) => (line.trim() === '' ? [] : [readItem(line, `${path}:${i + 1}`)]))
}

function readItem(line: string, at: string): Item {
  let item: Partial<Record<keyof Item, unknown>> | null = null
  try {
    item = JSON.parse(line)
  } catch {}
  for (const field of ['image', 'question', 'answer', 'kind'] as const) {
    if (typeof item?.[field] === 'string') continue
    throw new BeagleError(
      'bad-file',
      `${at} has no text "${field}". Each line is an object of image, question, answer and kind.`,
    )
  }
  return item as Item
}

function describe(kinds: Record<string, Score>, total: Score): string {
  const row = (name: string, { right, of }: Score) => [
    name,
    `${right}`,
    `${of}`,
    `${((100 * right) / of).toFixed(1)} %`,
  ]
  const rows = Object.keys(kinds)
    .sort()
    .map((kind) => row(kind, kinds[kind]!))
  return table(['kind', 'right', 'of', 'exact'], [...rows, row('all', total)])
}
