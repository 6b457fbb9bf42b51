import type { Command } from 'commander'
import {
  BeagleError,
  type ChatResult,
  carryBack,
  type Explanation,
  inWords,
  type Look,
  type Message,
  type Model,
} from '../index.ts'
import { withProjector } from './loadModel.ts'
import {
  addLoadOptions,
  addProjectorOption,
  addQuestionOptions,
  addSamplingOptions,
  chatOptions,
  type LoadFlags,
  type ProjectorFlags,
  type QuestionFlags,
  type SamplingFlags,
  whole,
} from './options.ts'
import { question } from './question.ts'
import { table } from './table.ts'
import type { Terminal } from './terminal.ts'

interface ExplainFlags extends LoadFlags, ProjectorFlags, QuestionFlags, SamplingFlags {
  prompt: string
  layer?: number
  head?: number
  json?: true
}

const examples = `
A row per word of the answer: the part of the decoder's attention that went to the images while it chose the word (mean over
layers and heads unless --layer or --head say which), where within an image it lay, and the cells of the encoder's grid that got
most of it, as row:column from the top left.

With --json one object: text, layers, heads, images (size, what of it the encoder saw, grid), and per word its tokens, share
and per image share, where and heat [rows · columns], points [x, y, weight] too of a D-Abstractor.

Example:
  beagle explain --image photo.png --prompt "What is at the top left?"`

/** `beagle explain`: asks about images and tells where the model looked for each word. */
export function addExplain(program: Command, terminal: Terminal): void {
  const command = program
    .command('explain')
    .description('ask about images and show where the model looked for each word')
  addLoadOptions(command, 'q4')
  addProjectorOption(command)
  addQuestionOptions(command).requiredOption('-p, --prompt <text>', 'the question')
  addSamplingOptions(command)
    .option('--layer <n>', 'only this layer of the decoder, from 1 on', whole(1))
    .option('--head <n>', 'only this head, from 1 on', whole(1))
    .option('--json', 'print one JSON object')
    .addHelpText('after', examples)
    .action((flags: ExplainFlags) => explain(flags, terminal))
}

async function explain(flags: ExplainFlags, terminal: Terminal): Promise<void> {
  const messages = await question(flags, flags.prompt)
  await withProjector(flags, terminal, async (model) => {
    const { ids } = await answer(model, messages, flags, terminal)
    const explanation = await model.explain(messages, ids, { signal: terminal.signal })
    const part = {
      layer: indexOf('layer', flags.layer, explanation.layers),
      head: indexOf('head', flags.head, explanation.heads),
    }
    const looks = explanation.words.map(({ tokens }) => carryBack(explanation, { ...part, tokens }))
    if (flags.json) terminal.out(`${JSON.stringify(report(explanation, looks))}\n`)
    else terminal.out(`${explanation.text}\n\n${rows(explanation, looks)}\n`)
  })
}

/** People count from 1. */
function indexOf(what: 'layer' | 'head', number: number | undefined, count: number): number | undefined {
  if (number === undefined || number <= count) return number && number - 1
  throw new BeagleError(
    'bad-argument',
    `--${what} ${number} is asked for, the decoder has ${count}. Give 1 to ${count}.`,
  )
}

async function answer(
  model: Model,
  messages: Message[],
  flags: ExplainFlags,
  { signal }: Terminal,
): Promise<ChatResult> {
  for await (const { result } of model.chat(messages, { ...chatOptions(flags), signal })) if (result) return result
  throw new BeagleError('aborted', 'The answer ended without a result.')
}

const percent = (share: number) => `${Math.round(100 * share)} %`

function rows({ words }: Explanation, looks: Look[]): string {
  const several = looks.some(({ images }) => images.length > 1)
  const lines = words.flatMap(({ text }, i) =>
    looks[i]!.images.map((image, at) => {
      const cells = Array.from(image.heat, (weight, cell) => ({ weight, cell })).sort((a, b) => b.weight - a.weight)
      const top = cells.slice(0, 3).map(({ weight, cell }) => {
        const [row, column] = [Math.floor(cell / image.grid.columns), cell % image.grid.columns]
        return `${row + 1}:${column + 1} ${percent(weight)}`
      })
      const which = several ? [String(at + 1)] : []
      return [text, ...which, percent(image.share), inWords(image), top.join(', ')]
    }),
  )
  return table(['word', ...(several ? ['image'] : []), 'attention', 'went', 'most in cells'], lines)
}

function report({ text, layers, heads, words, images }: Explanation, looks: Look[]) {
  return {
    ...{ text, layers, heads },
    images: images.map(({ width, height, frame, grid }) => ({ width, height, frame, grid })),
    words: words.map((word, i) => ({
      ...word,
      share: looks[i]!.share,
      images: looks[i]!.images.map((image) => ({
        share: image.share,
        where: inWords(image),
        heat: [...image.heat],
        points: image.points?.map(({ x, y, weight }) => [x, y, weight]),
      })),
    })),
  }
}
