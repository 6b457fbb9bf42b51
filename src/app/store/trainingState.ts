import { computed, effect, signal } from '@preact/signals'
import type { TeachPlan } from '../../teachApi.ts'
import { trainingNote } from './mode.ts'
import { persisted } from './persisted.ts'
import { runsHere } from './runs.ts'

export type Progress =
  | { kind: 'starting' }
  | { kind: 'features'; done: number; total: number; secondsLeft?: number }
  | { kind: 'steps'; step: number; steps: number; examplesPerSecond: number; secondsLeft: number }
  | { kind: 'recovering'; step: number }

/** The training that runs in this tab. */
export interface Current {
  id: string
  progress: Progress
  paused: boolean
  stopping: boolean
  plan?: TeachPlan
}

export const current = signal<Current | undefined>(undefined)
/** The run that ended last in this tab. */
export const ended = signal<string | undefined>(undefined)
export const trainingProblem = signal<{ message: string; diverged: boolean } | undefined>(undefined)
/** Counts up whenever the curves of the current run have grown. */
export const grown = signal(0)

/** Runs of this model that were broken off, by a closed tab or a crash. */
export const unfinished = computed(() =>
  runsHere.value.filter(({ id, state }) => state === 'running' && id !== current.value?.id),
)

/** Seconds that one example of one step took last time, by the model's origin. */
export const pace = persisted<Record<string, number>>('beagle.pace', {})

const title = document.title

effect(() => {
  const progress = current.value?.progress
  const steps = progress?.kind === 'steps' ? `${progress.step}/${progress.steps}` : '…'
  trainingNote.value = progress ? steps : ''
  document.title = progress ? `${steps} · ${title}` : title
})

export function setProgress(id: string, progress: Progress): void {
  const now = current.peek()
  if (now?.id === id) current.value = { ...now, progress }
  else current.value = { id, progress, paused: false, stopping: false }
}
