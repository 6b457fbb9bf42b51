import { existsSync } from 'node:fs'
import { access, constants, rm, stat, writeFile } from 'node:fs/promises'
import { basename, dirname, resolve } from 'node:path'
import type { Command } from 'commander'
import { BeagleError, type TeachResult, type TeachStore, teachStore } from '../index.ts'
import { withModel } from './loadModel.ts'
import { addLoadOptions, type LoadFlags } from './options.ts'
import { type DataFlags, readExamples } from './teachData.ts'
import { addSettingOptions, type SettingFlags, settingsOf } from './teachOptions.ts'
import { showTraining, tellProblems } from './teachReport.ts'
import type { Terminal } from './terminal.ts'

interface TeachFlags extends LoadFlags, DataFlags, SettingFlags {
  out: string
  features?: string
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

/** `beagle teach`: trains the projector on examples and writes it. */
export function addTeach(program: Command, terminal: Terminal): void {
  const command = program.command('teach')
  addLoadOptions(command, 'q4')
    .description('teach the model from examples: trains its projector and writes it to a file')
    .requiredOption('-d, --data <path>', 'a data file, or a folder of folders with images')
    .requiredOption('-o, --out <file>', 'the safetensors file to write the projector to')
    .option('--question <text>', 'for a folder of folders: what to ask, {name} being what the folder is called')
    .option('--answer <text>', 'for a folder of folders: what to answer (default: {name})')
  addSettingOptions(command)
    .option('--features <folder>', 'keep the features of the images there for other runs, whatever their projector')
    .option('--resume', 'go on from where a run with the same data and settings was stopped')
    .option('--json', 'print one line of JSON per step')
    .addHelpText('after', about)
    .action((flags: TeachFlags) => teach(flags, terminal))
}

async function teach(flags: TeachFlags, terminal: Terminal): Promise<void> {
  const { signal } = terminal
  await checkWritable(flags.out)
  const settings = await settingsOf(flags)
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
      ...{ settings, signal, about: basename(resolve(flags.data)), resume: flags.resume },
      store: await storeOf(stateFolder, flags.features),
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

/** The state's folder, where features are kept too unless they have one of their own. */
async function storeOf(stateFolder: string, featuresFolder: string | undefined): Promise<TeachStore> {
  const state = await teachStore(stateFolder)
  if (featuresFolder === undefined) return state
  const features = await teachStore(featuresFolder)
  const of = (name: string) => (name.startsWith('features-') ? features : state)
  return {
    read: (name) => of(name).read(name),
    write: (name, bytes) => of(name).write(name, bytes),
    delete: (name) => of(name).delete(name),
  }
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
