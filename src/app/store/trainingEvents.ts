import type { TeachPlan } from '../../teachApi.ts'
import type { Calls } from '../protocol.ts'
import type { TaughtExample } from './examples.ts'
import { announcement } from './panels.ts'
import { changeRun, keepRun, putRun, type Run, runOf } from './runs.ts'
import { current, grown, setProgress } from './trainingState.ts'

/** What an event of the training means for the page and for what is kept of the run. */
export function receive(id: string, taught: TaughtExample[], event: Calls['teach']['event']): void {
  const run = runOf(id)
  if (!run) return
  if (event.type === 'features') {
    const { done, total, secondsLeft } = event
    setProgress(id, { kind: 'features', done, total, secondsLeft })
  } else if (event.type === 'plan') begin(run, event.plan)
  else if (event.type === 'step') {
    const { step, loss, gradNorm, learningRate, examplesPerSecond, secondsLeft } = event
    for (const [curve, value] of Object.entries({ loss, gradNorm, learningRate })) {
      const values = run.curves[curve as keyof Run['curves']]
      values.length = Math.min(values.length, step - 1)
      // A tab that was closed between the save of the state and that of the run lacks a few steps.
      while (values.length < step) values.push(value)
    }
    setProgress(id, { kind: 'steps', step, steps: run.counts?.steps ?? step, examplesPerSecond, secondsLeft })
    grown.value++
  } else if (event.type === 'evaluation') {
    const { type: _type, ...evaluation } = event
    const shown = Object.fromEntries(event.answers.map(({ example }) => [example, taught[example]!.blob]))
    const before = run.evaluations.filter(({ step }) => step < event.step)
    putRun({ ...run, evaluations: [...before, evaluation], shown: { ...run.shown, ...shown } })
    grown.value++
    void keepRun(id)
    const right = Math.round(event.exact * event.count)
    if (event.count > 0)
      announcement.value = `Step ${event.step}: ${right} of ${event.count} held-out answers are right.`
  } else {
    changeRun(id, { savedStep: event.step })
    void keepRun(id)
  }
}

function begin(run: Run, plan: TeachPlan): void {
  const { trainExamples, evalExamples, steps, firstStep } = plan
  const curves = structuredClone(run.curves)
  for (const values of Object.values(curves)) values.length = Math.min(values.length, firstStep - 1)
  const evaluations = run.evaluations.filter(({ step }) => step < firstStep)
  putRun({ ...run, curves, evaluations, counts: { train: trainExamples, heldOut: evalExamples, steps } })
  const now = current.peek()
  if (now) current.value = { ...now, plan }
  announcement.value = `Training starts: ${steps} steps.`
}
