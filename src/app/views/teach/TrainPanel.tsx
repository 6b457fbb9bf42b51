import { formatAbout, plural } from '../../format.ts'
import { projectorLabel } from '../../projectorLabels.ts'
import { examples } from '../../store/examples.ts'
import { reading } from '../../store/examplesTake.ts'
import { modelState } from '../../store/model.ts'
import { train } from '../../store/training.ts'
import {
  form,
  freshPlan,
  outlook,
  type Preset,
  preset,
  presetLabels,
  problems,
  startFile,
  usePreset,
} from '../../store/trainingSettings.ts'
import { current, ended, pace, trainingProblem } from '../../store/trainingState.ts'
import { Choice } from '../Choice.tsx'
import { Icon } from '../Icon.tsx'
import { Outcome } from './Outcome.tsx'
import { TrainProgress } from './TrainProgress.tsx'
import { TrainSettings } from './TrainSettings.tsx'
import { Unfinished } from './Unfinished.tsx'

export function TrainPanel() {
  return (
    <section class="panel train" aria-labelledby="train-title">
      <h2 id="train-title">Train</h2>
      {!current.value && <Unfinished />}
      <TrainingProblem />
      {ended.value && <Outcome key={ended.value} id={ended.value} />}
      {current.value ? <TrainProgress now={current.value} /> : <TrainStart />}
    </section>
  )
}

function TrainStart() {
  const wrong = Object.keys(problems.value).length
  const count = examples.value.length
  const { kind } = modelState.value
  const why = reading.value
    ? 'The pictures are being read; training waits for all of them.'
    : count === 0
      ? 'Add examples first: each is an image and what should be said about it.'
      : kind !== 'ready'
        ? 'Training starts from the model, which is not ready yet.'
        : ''
  return (
    <>
      <p class="train-plan" id="train-plan">
        {why || <Plan count={count} />} <StartNote />
      </p>
      <Choice<Preset | 'own'>
        name="preset"
        legend="What for"
        value={preset.value ?? 'own'}
        options={[
          ...(Object.keys(presetLabels) as Preset[]).map((value) => ({ value, label: presetLabels[value].label })),
          ...(preset.value ? [] : [{ value: 'own' as const, label: 'Own' }]),
        ]}
        onChange={(value) => value !== 'own' && usePreset(value)}
      />
      <p class="hint">{preset.value ? presetLabels[preset.value].hint : 'Your own settings, from below.'}</p>
      <button
        type="button"
        class="button is-primary train-button"
        disabled={why !== '' || wrong > 0}
        aria-describedby="train-plan"
        onClick={() => void train()}
      >
        <Icon name="teach" />
        {ended.value ? 'Train again' : 'Train'}
      </button>
      {wrong > 0 && (
        <p class="field-problem" role="alert">
          {wrong === 1 ? 'One setting' : `${wrong} settings`} below cannot be used as it is.
        </p>
      )}
      <TrainSettings />
    </>
  )
}

/** What Train is about to do, in a sentence. */
function Plan({ count }: { count: number }) {
  if (Object.keys(problems.value).length > 0) return <>Set right what is marked below, then train.</>
  const { train: taught, heldOut, steps } = outlook(form.value, count)
  const { batchSize, accumulate } = form.value
  const state = modelState.value
  const perExample = state.kind === 'ready' ? pace.value[state.info.origin] : undefined
  const each = (batchSize ?? 1) * (accumulate ?? 1)
  return (
    <>
      Learns from <b>{plural(taught, 'example')}</b> in <b>{plural(steps, 'step')}</b> of {each}
      {heldOut > 0 ? `, and checks itself on ${plural(heldOut, 'other')} that it never learns from` : ''}
      {perExample === undefined ? '.' : `: ${formatAbout(perExample * each * steps)}.`}
    </>
  )
}

/** Where it starts from, unless that is the model's own projector. */
function StartNote() {
  const { start } = form.value
  if (start === 'base') return null
  if (start === 'file') return <>It starts from the file {startFile.value?.name ?? 'to be chosen below'}.</>
  const tokens = freshPlan.value?.visualTokens
  return (
    <>
      It starts from a fresh {projectorLabel(start)}
      {tokens === undefined ? '' : ` with ${plural(tokens, 'visual token')} per image`}.
    </>
  )
}

function TrainingProblem() {
  const problem = trainingProblem.value
  if (!problem) return null
  const { learningRate } = form.value
  const gentler = learningRate && Number((learningRate / 10).toPrecision(3))
  return (
    <div class="train-problem" role="alert">
      <Icon name="warning" />
      <div>
        <p>{problem.message}</p>
        {problem.diverged && gentler && (
          <button
            type="button"
            class="button"
            onClick={() => {
              form.value = { ...form.value, learningRate: gentler, clip: form.value.clip || 1 }
              void train()
            }}
          >
            Train at a learning rate of {gentler}
          </button>
        )}
      </div>
    </div>
  )
}
