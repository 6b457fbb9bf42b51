import { type Command, InvalidArgumentError, Option } from 'commander'
import type { ChatOptions, LoadOptions, WeightStorage } from '../index.ts'

export interface ModelFlags {
  model: string
  revision?: string
  host?: string
  token?: string
}

export interface LoadFlags extends ModelFlags {
  weights: WeightStorage
  maxContext?: number
}

export interface ProjectorFlags {
  projector?: string
}

export interface SamplingFlags extends Omit<ChatOptions, 'signal' | 'stop'> {
  stop?: string[]
}

export interface QuestionFlags {
  image?: string[]
  system?: string
}

/** A number that `allows` accepts; anything else is refused with what is wanted. */
export const number = (wanted: string, allows: (value: number) => boolean) => (text: string) => {
  const value = text.trim() === '' ? Number.NaN : Number(text)
  if (!Number.isFinite(value) || !allows(value)) throw new InvalidArgumentError(`Give ${wanted}.`)
  return value
}

/** A whole number of `least` or more. */
export const whole = (least: number) =>
  number(`a whole number of ${least} or more`, (n) => Number.isSafeInteger(n) && n >= least)

const gather = (value: string, before: string[] | undefined) => [...(before ?? []), value]

/** Where the model comes from. */
export function addModelOptions(command: Command): Command {
  return command
    .option('-m, --model <model>', 'a folder, a hub id (owner/name), a URL, or "embedded"', 'embedded')
    .option('--revision <name>', 'branch, tag or commit of a hub model')
    .addOption(new Option('--host <url>', 'the hub to ask').env('HF_ENDPOINT'))
    .addOption(new Option('--token <token>', 'access token for private or gated hub models').env('HF_TOKEN'))
}

/** How the model is loaded. */
export function addLoadOptions(command: Command, weights: WeightStorage): Command {
  return addModelOptions(command)
    .addOption(
      new Option('-w, --weights <type>', 'storage of the weights on the GPU')
        .choices(['q4', 'q8', 'f16', 'f32'])
        .default(weights),
    )
    .option(
      '--max-context <n>',
      'tokens that the conversation may take (default: the model’s limit, at most 2048)',
      whole(2),
    )
}

/** With which projector the model answers. */
export function addProjectorOption(command: Command): Command {
  return command.option(
    '--projector <which>',
    'in place of the checkpoint’s own: a .safetensors file, or the name of one that `beagle inspect` lists',
  )
}

/** What is asked, but for the prompt. */
export function addQuestionOptions(command: Command): Command {
  return command
    .option('-i, --image <file...>', 'one or more images, in the order in which the model sees them')
    .option('--system <text>', 'system message')
}

/** How tokens are chosen. */
export function addSamplingOptions(command: Command): Command {
  return command
    .option('-n, --max-new-tokens <n>', 'most tokens of the answer (default: the model’s own, else 256)', whole(1))
    .option(
      '-t, --temperature <t>',
      '0 takes the likeliest token (default: the model’s own, else 0)',
      number('a number of 0 or more', (n) => n >= 0),
    )
    .option('--top-k <n>', 'choose among the n likeliest tokens; 0 for all', whole(0))
    .option(
      '--top-p <p>',
      'choose among the likeliest tokens that share this probability',
      number('a number above 0 and at most 1', (n) => n > 0 && n <= 1),
    )
    .option(
      '--min-p <p>',
      'leave out tokens below this share of the likeliest one’s probability',
      number('a number from 0 to 1', (n) => n >= 0 && n <= 1),
    )
    .option(
      '--repetition-penalty <x>',
      'above 1: less of what was said already',
      number('a number above 0', (n) => n > 0),
    )
    .option('--seed <n>', 'the same seed gives the same text', whole(0))
    .option('--stop <text>', 'end the answer before this text; may be given again', gather)
}

export const loadOptions = ({ weights, maxContext }: LoadFlags): LoadOptions => ({ weights, maxContext })

export function chatOptions(flags: SamplingFlags): ChatOptions {
  const { maxNewTokens, temperature, topK, topP, minP, repetitionPenalty, seed, stop } = flags
  return { maxNewTokens, temperature, topK, topP, minP, repetitionPenalty, seed, stop }
}
