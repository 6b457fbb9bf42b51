import { readFile } from 'node:fs/promises'
import { type Command, InvalidArgumentError, Option } from 'commander'
import {
  BeagleError,
  type FreshProjector,
  type ProjectorStart,
  projectorTypes,
  type Schedule,
  type TeachSettings,
  teachDefaults,
  teachPresets,
} from '../index.ts'
import { number, whole } from './options.ts'
import { whyUnread } from './question.ts'

export interface SettingFlags
  extends Partial<Omit<TeachSettings, 'projector'>>,
    Omit<FreshProjector, 'type' | 'tokens'> {
  projector?: string
  visualTokens?: number
  preset: keyof typeof teachPresets
}

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

/** What differs between trainings. */
export function addSettingOptions(command: Command): Command {
  const usual = (text: string, setting: keyof TeachSettings) => `${text} (default: ${teachDefaults[setting]})`
  return command
    .option(
      '--projector <which>',
      usual(`where to start: base, a safetensors file, or a fresh one: ${projectorTypes.join(', ')}`, 'projector'),
    )
    .option(
      '--visual-tokens <m>',
      'of a fresh abstractor, per image (default: the paper’s share of the features)',
      whole(1),
    )
    .option(
      '--depth <n>',
      'of a fresh projector: layers, or blocks on each side of the C-Abstractor’s pooling',
      whole(0),
    )
    .option('--hidden <n>', 'of a fresh abstractor: width inside (default: that of the features)', whole(1))
    .option('--heads <n>', 'of a fresh D-Abstractor, resampler or Q-Former: attention heads', whole(1))
    .option('--points <n>', 'of a fresh D-Abstractor: sampled points per head and query', whole(1))
    .option(
      '--ffn <n>',
      'of a fresh D-Abstractor, resampler or Q-Former: inner width of the feed-forward layers',
      whole(1),
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
}

/** The preset's settings and those that were given. Throws where the projector's file cannot be read. */
export async function settingsOf(flags: SettingFlags): Promise<Partial<TeachSettings>> {
  const given = Object.keys(teachDefaults).filter((name) => name !== 'projector' && name in flags)
  const set = Object.fromEntries(given.map((name) => [name, flags[name as keyof SettingFlags]]))
  const preset: Partial<TeachSettings> = teachPresets[flags.preset]
  const projector = await projectorStart(flags, preset.projector)
  return { ...preset, ...set, ...(projector === undefined ? {} : { projector }) }
}

const sizes = {
  visualTokens: 'tokens',
  depth: 'depth',
  hidden: 'hidden',
  heads: 'heads',
  points: 'points',
  ffn: 'ffn',
} as const

/** Where the flags say that training starts. Throws where they name no type and no file that can be read. */
async function projectorStart(
  flags: SettingFlags,
  preset: ProjectorStart | undefined,
): Promise<ProjectorStart | undefined> {
  const which = flags.projector ?? preset
  const given = Object.entries(sizes).filter(([flag]) => flags[flag as keyof typeof sizes] !== undefined)
  const fresh = projectorTypes.find((type) => type === which)
  if (fresh) {
    const chosen = given.map(([flag, size]) => [size, flags[flag as keyof typeof sizes]])
    return chosen.length === 0 ? fresh : { type: fresh, ...Object.fromEntries(chosen) }
  }
  if (given.length > 0) {
    const flag = given[0]![0].replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)
    throw new BeagleError(
      'bad-argument',
      `--${flag} is for a fresh projector, but training starts from ${flags.projector ?? 'base'}. Name a type with --projector: ${projectorTypes.join(', ')}.`,
    )
  }
  if (flags.projector === undefined || flags.projector === 'base') return flags.projector
  const path = flags.projector
  const file = await readFile(path).catch((cause: NodeJS.ErrnoException) => {
    const why = whyUnread('projector', path, cause)
    throw new BeagleError(
      cause.code === 'ENOENT' ? 'not-found' : 'bad-file',
      cause.code === 'ENOENT' ? `${why} Besides files there are base, ${projectorTypes.join(', ')}.` : why,
      { cause },
    )
  })
  return { file }
}
