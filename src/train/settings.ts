import { BeagleError } from '../errors.ts'
import { type TeachSettings, teachDefaults } from '../teachApi.ts'

const whole = (value: number) => Number.isInteger(value)

/** What each number must be. */
const rules: [keyof TeachSettings, (settings: TeachSettings) => boolean, string][] = [
  ['steps', ({ steps }) => whole(steps) && steps >= 0, 'a whole number, 0 to count epochs'],
  ['epochs', ({ steps, epochs }) => steps > 0 || epochs > 0, 'above 0 where no steps are given'],
  ['batchSize', ({ batchSize }) => whole(batchSize) && batchSize >= 1, 'a whole number, 1 or more'],
  ['accumulate', ({ accumulate }) => whole(accumulate) && accumulate >= 1, 'a whole number, 1 or more'],
  ['learningRate', ({ learningRate }) => learningRate > 0 && learningRate <= 10, 'above 0 and at most 10'],
  [
    'minLearningRate',
    ({ minLearningRate, learningRate }) => minLearningRate >= 0 && minLearningRate <= learningRate,
    'from 0 to the learning rate',
  ],
  ['schedule', ({ schedule }) => ['constant', 'linear', 'cosine'].includes(schedule), 'constant, linear or cosine'],
  ['warmup', ({ warmup }) => whole(warmup) && warmup >= 0, 'a whole number of steps'],
  ['weightDecay', ({ weightDecay }) => weightDecay >= 0 && weightDecay < 1, 'from 0 to below 1'],
  [
    'betas',
    ({ betas }) => betas.length === 2 && betas.every((beta) => beta >= 0 && beta < 1),
    'two numbers from 0 to below 1',
  ],
  ['eps', ({ eps }) => eps > 0, 'above 0'],
  ['clip', ({ clip }) => clip >= 0, '0 (no clipping) or more'],
  ['evalFraction', ({ evalFraction }) => evalFraction >= 0 && evalFraction <= 0.9, 'from 0 to 0.9'],
  ['evalEvery', ({ evalEvery }) => whole(evalEvery) && evalEvery >= 0, 'a whole number of steps'],
  ['seed', ({ seed }) => whole(seed), 'a whole number'],
  ['mask', ({ mask }) => ['prompt', 'none'].includes(mask), 'prompt or none'],
  ['template', ({ template }) => ['chat', 'plain'].includes(template), 'chat or plain'],
  ['recompute', ({ recompute }) => ['auto', 'always', 'never'].includes(recompute), 'auto, always or never'],
  ['saveEvery', ({ saveEvery }) => whole(saveEvery) && saveEvery >= 1, 'a whole number of steps, 1 or more'],
  ['memoryLimit', ({ memoryLimit }) => memoryLimit >= 0, 'a number of bytes, 0 for no limit'],
]

/** Fills in the defaults. Throws `bad-argument` with every field that means nothing. */
export function completeSettings(given: Partial<TeachSettings> = {}): TeachSettings {
  const set = Object.fromEntries(Object.entries(given).filter(([, value]) => value !== undefined))
  const unknown = Object.keys(set).filter((name) => !(name in teachDefaults))
  const settings: TeachSettings = { ...teachDefaults, ...set }
  const wrong = rules
    .filter(([, holds]) => !holds(settings))
    .map(([name, , rule]) => `${name} must be ${rule}, found ${String(settings[name])}`)
  const problems = [
    ...unknown.map((name) => `${name} is no setting; there are ${Object.keys(teachDefaults).join(', ')}`),
    ...wrong,
  ]
  if (problems.length > 0) throw new BeagleError('bad-argument', `${problems.join('; ')}.`)
  return settings
}
