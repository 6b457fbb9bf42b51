import { existsSync } from 'node:fs'
import { access, constants, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { dirname } from 'node:path'
import { type Command, InvalidArgumentError, Option } from 'commander'
import {
  BeagleError,
  type ProjectorStart,
  type Schedule,
  type TeachResult,
  type TeachSettings,
  teachDefaults,
  teachPresets,
  teachStore,
} from '../index.ts'
import { withModel } from './loadModel.ts'
import { addLoadOptions, type LoadFlags, number, whole } from './options.ts'
import { whyUnread } from './question.ts'
import { type DataFlags, readExamples } from './teachData.ts'
import { showTraining, tellProblems } from './teachReport.ts'
import type { Terminal } from './terminal.ts'

type SettingFlags = Partial<Omit<TeachSettings, 'projector'>>

interface TeachFlags extends LoadFlags, DataFlags, SettingFlags {
  projector?: string
  preset: keyof typeof teachPresets
  out: string
  resume?: true
  json?: true
}

const about = `
The data is a file, LLaVA's .json, .jsonl with { image, question, answer } or { image, conversations } per line, or .csv with the
columns image, question, answer, kind; images are paths relative to the file, or URLs. Or it is a folder of folders, each of which is
called what its images show. What is wrong is listed with its line, and the rest is used.

While it trains, the state is kept in a folder beside the projector, FILE.safetensors.state. Ctrl-C stops and writes the projector;
the same command with --resume goes on from there, and its losses are those of a run that was never stopped.

With --json one line per step is printed, {"step", "loss", "gradNorm", "learningRate", "ms"}, and one with the totals at the end.

Examples:
  beagle teach --data birds/ --question "Which bird is this?" --out birds.safetensors
  beagle teach --data lesson.jsonl --steps 200 --learning-rate 2e-3 --out lesson.safetensors
  beagle chat --projector birds.safetensors --image robin.jpg --prompt "Which bird is this?"`

const positive = number('a number above 0', (n) => n > 0)
const notNegative = number('a number of 0 or more', (n) => n >= 0)

function betas(text: string): [number, number] {
  const [first, second, ...more] = text
    .split(',')
    .map(number('two numbers from 0 to below 1, as in 0.9,0.999', (n) => n >= 0 && n < 1))
  if (first === undefined || second === undefined || more.length > 0)
    throw new InvalidArgumentError('Give two numbers from 0 to below 1, as in 0.9,0.999.')
  return [first, second]
}

/** `beagle teach`: trains the projector on examples and writes it. */
export function addTeach(program: Command, terminal: Terminal): void {
  const usual = (text: string, setting: keyof TeachSettings) => `${text} (default: ${teachDefaults[setting]})`
  addLoadOptions(program.command('teach'), 'q4')
    .description('teach the model from examples: trains its projector and writes it to a file')
    .requiredOption('-d, --data <path>', 'a data file, or a folder of folders with images')
    .requiredOption('-o, --out <file>', 'the safetensors file to write the projector to')
    .option('--question <text>', 'for a folder of folders: what to ask, {name} being what the folder is called')
    .option('--answer <text>', 'for a folder of folders: what to answer (default: {name})')
    .option(
      '--projector <which>',
      usual('where to start: base, a fresh linear or mlp2x_gelu, or a safetensors file', 'projector'),
    )
    .addOption(
      new Option('--preset <name>', 'settings for a purpose').choices(Object.keys(teachPresets)).default('quick'),
    )
    .addOption(new Option('--steps <n>', 'optimizer steps').argParser(whole(1)).conflicts('epochs'))
    .option('--epochs <n>', usual('times that each example is seen', 'epochs'), positive)
    .option('--batch-size <n>', usual('examples per batch', 'batchSize'), whole(1))
    .option('--accumulate <n>', usual('batches per step', 'accumulate'), whole(1))
    .option('--learning-rate <r>', usual('highest learning rate', 'learningRate'), positive)
    .option('--min-learning-rate <r>', usual('where the warm-up begins and decay ends', 'minLearningRate'), notNegative)
    .addOption(
      new Option('--schedule <name>', usual('decay after the warm-up', 'schedule')).choices([
        'constant',
        'linear',
        'cosine',
      ] satisfies Schedule[]),
    )
    .option('--warmup <n>', usual('steps of warm-up', 'warmup'), whole(0))
    .option('--weight-decay <w>', usual('AdamW’s decoupled weight decay', 'weightDecay'), notNegative)
    .option('--betas <a,b>', usual('AdamW’s β', 'betas'), betas)
    .option('--eps <e>', usual('AdamW’s ε', 'eps'), positive)
    .option('--clip <c>', usual('largest norm of the gradient; 0 does not clip', 'clip'), notNegative)
    .option(
      '--eval-fraction <f>',
      usual('part of the examples that is held out and asked', 'evalFraction'),
      number('a number from 0 to 0.9', (n) => n >= 0 && n <= 0.9),
    )
    .option('--eval-every <n>', usual('steps between evaluations; 0 for before and after only', 'evalEvery'), whole(0))
    .option('--save-every <n>', usual('steps between saves of the state', 'saveEvery'), whole(1))
    .option('--seed <n>', usual('the same seed gives the same losses', 'seed'), whole(0))
    .addOption(
      new Option('--mask <what>', usual('what does not count: the prompt, or none of the text', 'mask')).choices([
        'prompt',
        'none',
      ]),
    )
    .addOption(
      new Option('--template <name>', usual('the model’s own format, or plain captions', 'template')).choices([
        'chat',
        'plain',
      ]),
    )
    .option('--resume', 'go on from where a run with the same data and settings was stopped')
    .option('--json', 'print one line of JSON per step')
    .addHelpText('after', about)
    .action((flags: TeachFlags) => teach(flags, terminal))
}

async function teach(flags: TeachFlags, terminal: Terminal): Promise<void> {
  const { signal } = terminal
  await checkWritable(flags.out)
  const settings = settingsOf(flags)
  if (flags.projector !== undefined) settings.projector = await projectorStart(flags.projector)
  const { examples, problems } = await readExamples(flags, signal)
  tellProblems(problems, terminal)
  if (examples.length === 0)
    throw new BeagleError(
      'bad-file',
      `"${flags.data}" has no example that can be used. Mend what is wrong with it, or give other data.`,
    )
  const stateFolder = `${flags.out}.state`
  const result = await withModel(flags, terminal, async (model) => {
    const show = showTraining(terminal, flags.json === true, problems.length)
    const options = {
      ...{ settings, signal, about: flags.data, resume: flags.resume },
      store: await teachStore(stateFolder),
      sampleAnswers: flags.json ? 0 : undefined,
    }
    for await (const event of model.teach(examples, options)) {
      if (event.type === 'plan' && flags.resume && event.plan.firstStep === 1)
        terminal.err(`There is no state in "${stateFolder}" to go on from; the training begins anew.\n`)
      if (event.type === 'done') await write(flags.out, event.result.projector)
      show(event)
      if (event.type === 'done') return event.result
    }
    throw new BeagleError('aborted', 'Stopped on request.')
  })
  if (result.reason === 'finished') await rm(stateFolder, { recursive: true, force: true })
  conclude(result, flags, terminal)
}

/** Says how it ended. Throws what to try where the loss diverged. */
function conclude(
  { reason, advice, step, steps, seconds, losses }: TeachResult,
  flags: TeachFlags,
  { out, err }: Terminal,
) {
  const kept = `The projector of step ${step} is in "${flags.out}".`
  if (reason === 'diverged') throw new BeagleError('bad-argument', `${advice} ${kept}`)
  if (reason === 'stopped') err(`Stopped after step ${step} of ${steps}. ${kept} Go on with --resume.\n`)
  if (reason !== 'finished' || flags.json) return
  const range = `${losses[0]?.toFixed(4)} → ${losses.at(-1)?.toFixed(4)}`
  out(`${steps} ${steps === 1 ? 'step' : 'steps'} in ${seconds.toFixed(1)} s, loss ${range}. ${kept}\n`)
}

/** The preset's settings and those that were given. */
function settingsOf(flags: TeachFlags): Partial<TeachSettings> {
  const given = Object.keys(teachDefaults).filter((name) => name !== 'projector' && name in flags)
  const set = Object.fromEntries(given.map((name) => [name, flags[name as keyof SettingFlags]]))
  const preset: Partial<TeachSettings> = teachPresets[flags.preset]
  return { ...preset, ...set }
}

async function projectorStart(which: string): Promise<ProjectorStart> {
  if (which === 'base' || which === 'linear' || which === 'mlp2x_gelu') return which
  const file = await readFile(which).catch((cause: NodeJS.ErrnoException) => {
    const why = whyUnread('projector', which, cause)
    throw new BeagleError(
      cause.code === 'ENOENT' ? 'not-found' : 'bad-file',
      cause.code === 'ENOENT' ? `${why} Besides files there are base, linear and mlp2x_gelu.` : why,
      { cause },
    )
  })
  return { file }
}

/** Finds out before hours of work whether their result can be written. */
async function checkWritable(file: string): Promise<void> {
  try {
    if (existsSync(file) && (await stat(file)).isDirectory()) throw new Error('it is a folder')
    await access(existsSync(file) ? file : dirname(file), constants.W_OK)
  } catch (cause) {
    throw unwritable(file, cause as Error)
  }
}

const write = (file: string, bytes: Uint8Array) =>
  writeFile(file, bytes).catch((cause: Error) => {
    throw unwritable(file, cause)
  })

const unwritable = (file: string, cause: Error) =>
  new BeagleError('bad-file', `"${file}" cannot be written: ${cause.message}. Choose another --out.`, { cause })
