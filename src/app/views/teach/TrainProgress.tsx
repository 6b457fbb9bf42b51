import { formatBytes, formatLeft, formatRate } from '../../format.ts'
import { pause, stopTraining } from '../../store/training.ts'
import type { Current } from '../../store/trainingState.ts'
import { Facts } from '../Facts.tsx'
import { Icon } from '../Icon.tsx'
import { useFocusLeft } from '../useFocusLeft.ts'

/** How far the training is, and the buttons that hold or end it. */
export function TrainProgress({ now }: { now: Current }) {
  const { progress, paused, stopping, plan } = now
  const first = useFocusLeft<HTMLButtonElement>()
  const { part, text, detail } = wording(now)
  return (
    <div class="train-progress">
      <p class="train-step">
        <b>{text}</b>
        <span>{detail}</span>
      </p>
      <progress aria-label="Training" max={1} value={part} />
      <div class="button-row">
        {progress.kind !== 'recovering' && (
          <button ref={first} type="button" class="button" disabled={stopping} onClick={() => pause(!paused)}>
            <Icon name={paused ? 'play' : 'pause'} />
            {paused ? 'Go on' : 'Pause'}
          </button>
        )}
        <button type="button" class="button" disabled={stopping} onClick={stopTraining}>
          <Icon name="stop" />
          {stopping ? 'Stopping…' : 'Stop'}
        </button>
      </div>
      <p class="hint">You can chat meanwhile. What was learned is saved as it goes; stopping keeps it.</p>
      {plan && plan.skipped.length > 0 && (
        <details class="advanced">
          <summary>{plan.skipped.length} examples are left out</summary>
          <Facts rows={plan.skipped.map(({ where, message }) => [where, message])} />
        </details>
      )}
      {plan && (
        <details class="advanced">
          <summary>Memory: {formatBytes(plan.memory.total)}</summary>
          <Facts
            rows={[
              ['Model', formatBytes(plan.memory.before)],
              ['Features of the images', formatBytes(plan.memory.features)],
              ['Projector, gradients, moments', formatBytes(plan.memory.parameters)],
              ['Activations', formatBytes(plan.memory.activations)],
              ['Layers in the backward pass', plan.memory.recompute ? 'computed again' : 'kept'],
              ['Answer tokens that count', plan.answerTokens.toLocaleString('en')],
              ['Longest example', `${plan.longestTokens} tokens`],
            ]}
          />
        </details>
      )}
    </div>
  )
}

function wording({ progress, paused, plan }: Current): { part?: number; text: string; detail: string } {
  if (progress.kind === 'starting') return { text: 'Starting…', detail: '' }
  if (progress.kind === 'recovering') {
    const from = progress.step > 0 ? `goes on from step ${progress.step}` : 'starts again'
    return { text: 'The GPU was reset', detail: `The model is loading again; training ${from} by itself.` }
  }
  if (progress.kind === 'features') {
    const { done, total, secondsLeft } = progress
    if (plan || done === total) return { part: 1, text: 'Looked at all images', detail: 'answering held-out questions' }
    const left = secondsLeft === undefined ? '' : formatLeft(secondsLeft)
    return { part: done / total, text: `Looking at image ${done + 1} of ${total}`, detail: paused ? 'paused' : left }
  }
  const { step, steps, examplesPerSecond, secondsLeft } = progress
  const left = paused ? 'paused' : formatLeft(secondsLeft)
  return {
    part: step / steps,
    text: `Step ${step} of ${steps}`,
    detail: `${formatRate(examplesPerSecond)} examples/s · ${left}`,
  }
}
