import type { ProjectorStart, TeachResult } from '../../teachApi.ts'
import type { RemoteTraining } from '../client.ts'
import { PageError } from '../protocol.ts'
import { examples, type TaughtExample } from './examples.ts'
import { goTo, mode } from './mode.ts'
import { client, modelIsBack, modelState, recover } from './model.ts'
import { announcement, showToast } from './panels.ts'
import { newId } from './pictures.ts'
import {
  changeRun,
  deleteRun,
  dropExamples,
  examplesOf,
  freeName,
  keepRun,
  putRun,
  type Run,
  readRuns,
  runOf,
  runs,
  shown,
} from './runs.ts'
import { receive } from './trainingEvents.ts'
import { form, settingsOf } from './trainingSettings.ts'
import { current, ended, pace, setProgress, trainingProblem } from './trainingState.ts'

const NOTHING_LEARNED = 'Stopped before anything was learned.'
let remote: RemoteTraining | undefined

/** Starts a training of the examples with the form's settings. */
export async function train(): Promise<void> {
  const state = modelState.peek()
  if (state.kind !== 'ready' || current.peek()) return
  const id = newId()
  setProgress(id, { kind: 'starting' })
  await readRuns()
  const taught = examples.peek()
  putRun({
    id,
    name: nextName(),
    model: { origin: state.info.origin, label: state.choice.label },
    createdAt: Date.now(),
    state: 'running',
    settings: settingsOf(form.peek()),
    curves: { loss: [], gradNorm: [], learningRate: [] },
    evaluations: [],
    shown: {},
    seconds: 0,
  })
  await keepRun(id, { examples: taught })
  await alone(id, () => follow(id, taught, false))
}

/** Goes on with a run that was broken off, from its last saved step. */
export async function goOn(id: string): Promise<void> {
  if (modelState.peek().kind !== 'ready' || current.peek()) return
  setProgress(id, { kind: 'starting' })
  const taught = await examplesOf(id)
  if (!taught) {
    current.value = undefined
    showToast('The examples of this run are no longer in the browser’s storage.', { tone: 'problem' })
    return
  }
  await alone(id, () => follow(id, taught, runOf(id)?.savedStep !== undefined))
}

/** Gives up a run that was broken off. */
export async function discard(id: string): Promise<void> {
  await alone(id, async () => {
    await client().forgetTraining(id)
    await deleteRun(id)
  })
}

/** Holds the training after its present step, or lets it go on. */
export function pause(paused: boolean): void {
  const now = current.peek()
  if (!now) return
  remote?.pause(paused)
  current.value = { ...now, paused }
  announcement.value = paused ? 'Training is paused.' : 'Training goes on.'
}

/** Ends the training; what was learned so far is kept. */
export function stopTraining(): void {
  const now = current.peek()
  if (!now) return
  current.value = { ...now, stopping: true }
  remote?.stop()
}

/** Runs `work` unless another tab has this run, which keeps others out in turn. */
async function alone(id: string, work: () => Promise<void>): Promise<void> {
  if (!navigator.locks) return work()
  await navigator.locks.request(lockOf(id), { ifAvailable: true }, async (lock) => {
    if (lock) return work()
    current.value = undefined
    showToast('This run is going on in another tab of this browser.', { tone: 'problem' })
  })
}

const lockOf = (id: string) => `beagle-run-${id}`

async function follow(id: string, taught: TaughtExample[], resume: boolean): Promise<void> {
  const { settings, name } = runOf(id)!
  trainingProblem.value = undefined
  ended.value = undefined
  shown.value = id
  setProgress(id, { kind: 'starting' })
  remote = client().teach(
    {
      key: id,
      examples: taught.map(({ blob, name, turns, kind }) => ({ image: blob, name, turns, kind })),
      settings: settings!,
      resume,
      about: name,
    },
    (event) => receive(id, taught, event),
  )
  if (current.peek()?.paused) remote.pause(true)
  try {
    await finish(id, await remote.result)
  } catch (error) {
    if (!(error instanceof PageError)) throw error
    if (error.code === 'device-lost' && modelState.peek().kind === 'ready') recover(error)
    const lost = error.code === 'device-lost' || error.code === 'unexpected'
    if (lost && (await modelComesBack(id))) return follow(id, taught, runOf(id)?.savedStep !== undefined)
    await fail(id, error)
  }
}

/** Whether the model that was lost is loaded again. */
async function modelComesBack(id: string): Promise<boolean> {
  if (modelState.peek().kind !== 'loading') return false
  setProgress(id, { kind: 'recovering', step: runOf(id)?.savedStep ?? 0 })
  return (await modelIsBack(runOf(id)?.model.origin)) && !current.peek()?.stopping
}

async function finish(id: string, result: TeachResult): Promise<void> {
  const asked = current.peek()?.stopping
  const { reason, seconds, projector, steps } = result
  if (reason === 'stopped' && !asked && runOf(id)?.savedStep !== undefined) return breakOff(id)
  if (reason === 'diverged') trainingProblem.value = { message: result.advice ?? 'The loss exploded.', diverged: true }
  if (runOf(id)?.curves.loss.length === 0) {
    if (asked) showToast(NOTHING_LEARNED)
    return forgetRun(id)
  }
  const { curves } = runOf(id)!
  changeRun(id, {
    state: reason,
    curves: result.losses.length === curves.loss.length ? { ...curves, loss: result.losses } : curves,
    seconds: (runOf(id)?.seconds ?? 0) + seconds,
    bytes: projector.length,
    savedStep: undefined,
    projector: await kindOf(runOf(id)?.settings?.projector),
  })
  rememberPace(id)
  await keepRun(id, { projector })
  await dropExamples(id)
  await client()
    .forgetTraining(id)
    .catch(() => undefined)
  ended.value = id
  end(id)
  const last = runOf(id)?.evaluations.at(-1)
  const right =
    last && last.count > 0 ? ` ${Math.round(last.exact * last.count)} of ${last.count} held-out answers are right.` : ''
  const text = `Training ${reason === 'finished' ? 'is done' : `ended after step ${result.step} of ${steps}`}.${right}`
  if (mode.peek() === 'teach') announcement.value = text
  else showToast(text, { action: { label: 'Look', run: () => goTo('teach') } })
}

/** What a projector is that began so; unknown where it began with a file. */
async function kindOf(start: ProjectorStart | undefined): Promise<Run['projector']> {
  if (start === undefined || (typeof start === 'object' && 'file' in start)) return undefined
  if (start === 'base') {
    const { type, visualTokens } = (await client().projectors())[0]!
    return { type, visualTokens }
  }
  const fresh = typeof start === 'string' ? { type: start } : start
  const { visualTokens } = await client().planProjector(fresh)
  return visualTokens === undefined ? undefined : { type: fresh.type, visualTokens }
}

/** Stopped by nobody here: another model is being loaded. The run can go on when this one is back. */
function breakOff(id: string): void {
  end(id)
  const { name, model, savedStep } = runOf(id)!
  showToast(`${name} stopped at step ${savedStep}, for another model. It can go on when ${model.label} is back.`)
}

async function fail(id: string, error: PageError): Promise<void> {
  const nothingLearned = runOf(id)?.savedStep === undefined
  const asked = current.peek()?.stopping
  const { message } = error
  end(id)
  if (asked) showToast(nothingLearned ? NOTHING_LEARNED : 'Stopped.')
  else if (error.code !== 'aborted') {
    trainingProblem.value = { message, diverged: false }
    announcement.value = message
  }
  if (nothingLearned) await forgetRun(id)
}

/** Of a run that learned nothing, nothing is kept. */
async function forgetRun(id: string): Promise<void> {
  end(id)
  await client()
    .forgetTraining(id)
    .catch(() => undefined)
  await deleteRun(id)
}

function end(id: string): void {
  if (current.peek()?.id === id) current.value = undefined
  remote = undefined
}

function rememberPace(id: string): void {
  const { model, seconds, settings, curves } = runOf(id)!
  const seen = curves.loss.length * settings!.batchSize * settings!.accumulate
  if (seen > 0) pace.value = { ...pace.peek(), [model.origin]: seconds / seen }
}

function nextName(): string {
  const numbers = runs.peek().map(({ name }) => Number(/^Run (\d+)$/.exec(name)?.[1] ?? 0))
  return freeName(`Run ${Math.max(0, ...numbers) + 1}`)
}

/** Deletes saved states that no run knows of any more. */
export async function forgetOrphans(): Promise<void> {
  await readRuns()
  const held = new Set((await navigator.locks?.query())?.held?.map(({ name }) => name))
  const wanted = new Set(runs.peek().map(({ id, state }) => (state === 'running' ? id : '')))
  for (const key of await client().keptTrainings())
    if (!wanted.has(key) && !held.has(lockOf(key))) await client().forgetTraining(key)
}
