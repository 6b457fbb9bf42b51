import { readFile } from 'node:fs/promises'
import { dirname, resolve } from 'node:path'
import type { Command } from 'commander'
import {
  BeagleError,
  type EvaluationAnswer,
  type EvaluationQuestion,
  evaluate,
  type Model,
  type Score,
  scores,
} from '../index.ts'
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
type Item = EvaluationQuestion

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
    .action((flags: EvaluateFlags) => evaluateFile(flags, terminal))
}

async function evaluateFile(flags: EvaluateFlags, terminal: Terminal): Promise<void> {
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
  const { maxNewTokens, data } = flags
  const open = (image: string) => readImage(resolve(dirname(data), image))
  const answers: EvaluationAnswer[] = []
  for await (const some of evaluate(model, items, { open, maxNewTokens, signal: terminal.signal })) {
    answers.push(...some)
    const { right, of } = scores(items, answers).all
    if (terminal.watched) terminal.err(`\r\x1b[K${right} right of ${of}, ${items.length} in all`)
  }
  if (terminal.watched) terminal.err('\r\x1b[K')
  const { all: total, kinds } = scores(items, answers)
  const wrong = answers.filter(({ right }) => !right).map(({ index, said }) => ({ ...items[index]!, said }))
  return { total, kinds, wrong }
}

/** Reads an evaluation file. Throws with the number of the first line that is none of its kind. */
async function readItems(path: string): Promise<Item[]> {
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
