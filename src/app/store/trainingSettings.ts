import { computed, signal } from '@preact/signals'
import {
  type FreshPlan,
  type FreshProjector,
  type ProjectorType,
  projectorTypes,
  type SizeName,
  type TeachSettings,
  teachDefaults,
  teachPresets,
} from '../../teachApi.ts'
import { persisted } from './persisted.ts'

type Numbers<T> = { [K in keyof T as T[K] extends number ? K : never]: T[K] }
export type NumberName = keyof Numbers<Omit<TeachSettings, 'memoryLimit'>> | 'beta1' | 'beta2'
export type Start = 'base' | ProjectorType | 'file'

/**
 * The settings as the form holds them; a number that was typed but means nothing is null. A fresh projector's size that is null is left to
 * the model.
 */
export type TeachForm = { [K in NumberName | SizeName]: number | null } & Pick<
  TeachSettings,
  'schedule' | 'mask' | 'template' | 'recompute' | 'releaseEncoder'
> & { start: Start; length: 'epochs' | 'steps' }

export interface NumberRule {
  name: NumberName
  label: string
  hint: string
  min: number
  max: number
  whole?: boolean
  /** The smallest value is not allowed itself. */
  above?: boolean
}

/** What each number is called, what it does and what it may be. */
export const numberRules: Record<NumberName, Omit<NumberRule, 'name'>> = {
  epochs: { label: 'Epochs', hint: 'How often every example is seen.', min: 0, max: 1000, above: true },
  steps: { label: 'Steps', hint: 'How often the weights change.', min: 1, max: 1e6, whole: true },
  batchSize: { label: 'Batch', hint: 'Examples computed at once.', min: 1, max: 256, whole: true },
  accumulate: {
    label: 'Batches per step',
    hint: 'Gradients added up: large steps in little memory.',
    min: 1,
    max: 256,
    whole: true,
  },
  learningRate: {
    label: 'Learning rate',
    hint: 'How far a step goes. Too much, and the loss explodes.',
    min: 0,
    max: 10,
    above: true,
  },
  minLearningRate: { label: 'Lowest rate', hint: 'Where warm-up begins and decay ends.', min: 0, max: 10 },
  warmup: { label: 'Warm-up', hint: 'Steps until the full rate.', min: 0, max: 1e6, whole: true },
  weightDecay: { label: 'Weight decay', hint: 'Pulls weights towards zero.', min: 0, max: 0.999 },
  beta1: { label: 'β₁', hint: 'Memory of the direction.', min: 0, max: 0.99999 },
  beta2: { label: 'β₂', hint: 'Memory of the size.', min: 0, max: 0.99999 },
  eps: { label: 'ε', hint: 'Keeps the division finite.', min: 0, max: 1, above: true },
  clip: { label: 'Clip at norm', hint: 'Largest gradient norm; 0 clips nothing.', min: 0, max: 1e6 },
  evalFraction: {
    label: 'Held-out part',
    hint: 'Never trained on, to see what it learned: 0.1 is every tenth example.',
    min: 0,
    max: 0.9,
  },
  evalEvery: {
    label: 'Check every',
    hint: 'Steps between checks; 0 is before and after only.',
    min: 0,
    max: 1e6,
    whole: true,
  },
  seed: {
    label: 'Seed',
    hint: 'The same seed, data and device give the same losses.',
    min: 0,
    max: 2 ** 31 - 1,
    whole: true,
  },
  saveEvery: {
    label: 'Save every',
    hint: 'Steps between saves; a closed tab loses no more.',
    min: 1,
    max: 1e6,
    whole: true,
  },
}

const noSizes: Record<SizeName, number | null> = {
  ...{ tokens: null, depth: null, hidden: null, heads: null },
  ...{ points: null, ffn: null, mlpDepth: null, endTokens: null },
}

function formOf(settings: Partial<TeachSettings>): TeachForm {
  const { projector, betas, memoryLimit: _limit, ...rest } = { ...teachDefaults, ...settings }
  const fresh = typeof projector === 'object' && 'type' in projector ? projector : undefined
  return {
    ...rest,
    ...noSizes,
    ...fresh,
    start: fresh?.type ?? (typeof projector === 'string' ? projector : 'file'),
    length: rest.steps > 0 ? 'steps' : 'epochs',
    steps: rest.steps || 100,
    beta1: betas[0],
    beta2: betas[1],
  }
}

export const presetLabels = {
  quick: { label: 'Quick', hint: 'Adapts the projector that is there to some tens of images, in minutes.' },
  llavaStage1: { label: 'Captions', hint: 'LLaVA’s first stage: a fresh projector from many plain captions.' },
  honeybeeStage1: {
    label: 'Honeybee',
    hint: 'Honeybee’s first stage: a fresh abstractor from many captions, from a low rate up and down again.',
  },
  instructions: {
    label: 'Instructions',
    hint: 'LLaVA’s second stage for the projector: small steps over many questions and answers.',
  },
}

export type Preset = keyof typeof presetLabels

/** Honeybee trains all its projectors alike, but for a lower rate with deformable attention. */
const honeybeeTypes: readonly Start[] = ['linear', 'mlp', 'c-abs', 'd-abs', 'resampler']

/** A preset's form, where training starts from `start` if the preset leaves that open. */
function presetForm(preset: Preset, start: Start): TeachForm {
  if (preset !== 'honeybeeStage1' || !honeybeeTypes.includes(start)) return formOf(teachPresets[preset])
  return { ...formOf(teachPresets[start === 'd-abs' ? 'honeybeeStage1DAbs' : preset]), start }
}

export const form = persisted<TeachForm>('beagle.training', formOf({}))

/** The `.safetensors` that training starts from, where the form says so. */
export const startFile = signal<{ name: string; bytes: Uint8Array } | undefined>(undefined)

/** What the fresh projector of the form would be; unknown while the model is, and for other starts. */
export const freshPlan = signal<FreshPlan | undefined>(undefined)

export function usePreset(preset: Preset): void {
  const { start } = form.peek()
  form.value = presetForm(preset, start === 'd-abs' || start === 'resampler' ? start : 'c-abs')
}

/** The preset that the form is set to, whatever the sizes of its projector; none once another field was changed. */
export const preset = computed<Preset | undefined>(() =>
  (Object.keys(presetLabels) as Preset[]).find((name) => {
    const wanted = { ...presetForm(name, form.value.start), ...sizesOf(form.value) }
    return (Object.keys(wanted) as (keyof TeachForm)[]).every((field) => wanted[field] === form.value[field])
  }),
)

/** Changes where training starts from; sizes of another type are forgotten, and a preset stays what it is. */
export function startFrom(start: Start | FreshProjector): void {
  const { type, ...sizes } = typeof start === 'object' ? start : { type: start }
  const before = preset.peek()
  const settings = before === 'honeybeeStage1' && honeybeeTypes.includes(type) ? presetForm(before, type) : form.peek()
  form.value = { ...settings, ...noSizes, ...sizes, start: type }
}

const isFresh = (start: Start): start is ProjectorType => (projectorTypes as readonly string[]).includes(start)

const sizesOf = (values: TeachForm) =>
  Object.fromEntries(Object.keys(noSizes).map((name) => [name, values[name as SizeName]])) as typeof noSizes

/** The fresh projector that a form asks for, if it asks for one; of its sizes those that a type with these `known` ones uses. */
export function freshOf(values: TeachForm, known?: FreshPlan['sizes']): FreshProjector | undefined {
  if (!isFresh(values.start)) return undefined
  const sizes = Object.entries(sizesOf(values)).filter(([name, size]) => size !== null && (!known || name in known))
  return { type: values.start, ...Object.fromEntries(sizes) }
}

export type Problems = Partial<Record<keyof TeachForm, string>>

/** What is wrong with the form, field by field; a number that is not in use may be anything. */
export function problemsOf(values: TeachForm, file = startFile.value, plan = freshPlan.value): Problems {
  const { type, ...sizes } = plan?.problems ?? {}
  const problems: Problems = isFresh(values.start) ? { ...sizes, ...(type && { start: type }) } : {}
  for (const [name, rule] of Object.entries(numberRules) as [NumberName, NumberRule][]) {
    if ((name === 'epochs' || name === 'steps') && name !== values.length) continue
    const problem = problemOf(values[name], rule)
    if (problem) problems[name] = problem
  }
  const { learningRate, minLearningRate } = values
  if (!problems.minLearningRate && (minLearningRate ?? 0) > (learningRate ?? Number.POSITIVE_INFINITY))
    problems.minLearningRate = 'Not above the learning rate.'
  if (values.start === 'file' && !file) problems.start = 'Choose the file to start from.'
  return problems
}

function problemOf(
  value: number | null,
  { min, max, whole, above }: Omit<NumberRule, 'name' | 'label' | 'hint'>,
): string {
  if (value === null || !Number.isFinite(value)) return 'Enter a number.'
  if (whole && !Number.isInteger(value)) return 'Enter a whole number.'
  if (above ? value <= min : value < min) return above ? `More than ${min}, please.` : `At least ${min}, please.`
  if (value > max) return `At most ${max}, please.`
  return ''
}

export const problems = computed(() => problemsOf(form.value))

/** The settings of a form without problems. */
export function settingsOf(values: TeachForm, file = startFile.peek(), plan = freshPlan.peek()): TeachSettings {
  const { start, length, steps, beta1, beta2 } = values
  const same = Object.keys(teachDefaults).filter((name) => name in values)
  return {
    ...teachDefaults,
    ...Object.fromEntries(same.map((name) => [name, values[name as keyof TeachForm]])),
    projector: start === 'file' ? { file: file!.bytes } : (freshStart(values, plan) ?? 'base'),
    steps: length === 'steps' ? steps! : 0,
    epochs: values.epochs ?? teachDefaults.epochs,
    betas: [beta1!, beta2!],
  }
}

/** A type by its name alone where no size of it was chosen. */
function freshStart(values: TeachForm, plan?: FreshPlan): ProjectorType | FreshProjector | undefined {
  const fresh = freshOf(values, plan?.sizes)
  return fresh && Object.keys(fresh).length === 1 ? fresh.type : fresh
}

/** What a training would do with `count` examples, before it has begun. */
export function outlook(values: TeachForm, count: number): { train: number; heldOut: number; steps: number } {
  const { evalFraction, length, steps, epochs, batchSize, accumulate } = values
  const wanted = Math.min(count - 1, Math.max(1, Math.round(count * (evalFraction ?? 0))))
  const heldOut = count < 2 || !evalFraction ? 0 : wanted
  const train = count - heldOut
  const counted = Math.ceil(((epochs ?? 1) * train) / ((batchSize || 1) * (accumulate || 1)))
  return { train, heldOut, steps: length === 'steps' ? (steps ?? 1) : Math.max(1, counted) }
}
