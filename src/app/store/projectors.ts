import { computed, signal } from '@preact/signals'
import type { ProjectorInfo } from '../../teachApi.ts'
import { PageError } from '../protocol.ts'
import { client, modelState, preparations } from './model.ts'
import { announcement, showToast } from './panels.ts'
import { persisted } from './persisted.ts'
import { newId } from './pictures.ts'
import { deleteRun, freeName, keepRun, projectorOf, putRun, type Run, readRuns, runOf, runsHere } from './runs.ts'

/** The run whose projector answers; undefined is the model's own. */
export const inUse = signal<string | undefined>(undefined)

/** The model's own projector. */
export const own = signal<ProjectorInfo | undefined>(undefined)

/** What the chat can be answered with, besides the model's own projector. */
export const choices = computed(() => runsHere.value.filter(({ bytes }) => bytes !== undefined))

/** Name of the projector that answers, where there is more than one. */
export const answering = computed(() => {
  if (choices.value.length === 0) return undefined
  return runsHere.value.find(({ id }) => id === inUse.value)?.name ?? 'base'
})

/** The user's choice for each model, by the model's origin. */
const chosen = persisted<Record<string, string>>('beagle.projectors', {})
/** Names that the loaded model knows. */
let known = new Set<string>()

// The worker does one thing after the other, so what is asked after this is answered with the projector.
preparations.push(async ({ origin }) => {
  known = new Set()
  inUse.value = undefined
  const id = chosen.peek()[origin]
  if (!id) return
  await readRuns()
  const run = runOf(id)
  const file = await projectorOf(id)
  if (!run || !file) return
  inUse.value = id
  void withProblem(() => add(run.name, file)).then((added) => {
    if (!added && inUse.peek() === id) inUse.value = undefined
  })
})

/** Asks the model about its own projector. */
export async function readOwn(): Promise<void> {
  own.value = (
    await client()
      .projectors()
      .catch(() => undefined)
  )?.find(({ name }) => name === 'base')
}

/** Answers from now on are given with this run's projector, or with the model's own. */
export async function chatWith(run: Run | undefined): Promise<boolean> {
  const state = modelState.peek()
  if (state.kind !== 'ready') return false
  if (!(await withProblem(() => use(run)))) return false
  const { [state.info.origin]: _before, ...others } = chosen.peek()
  chosen.value = run ? { ...others, [state.info.origin]: run.id } : others
  announcement.value = `${state.choice.label} answers with ${run ? run.name : 'its own projector'} now.`
  return true
}

/** Keeps a projector's file and puts it to use; throws the library's error where it does not fit the model. */
export async function importProjector(file: File): Promise<void> {
  const state = modelState.peek()
  if (state.kind !== 'ready') return
  await readRuns()
  const projector = new Uint8Array(await file.arrayBuffer())
  const name = freeName(file.name.replace(/\.safetensors$/, ''))
  const { provenance } = await client().addProjector(name, projector)
  known.add(name)
  const run: Run = {
    id: newId(),
    name,
    model: { origin: state.info.origin, label: state.choice.label },
    createdAt: Date.now(),
    state: 'imported',
    curves: { loss: [], gradNorm: [], learningRate: [] },
    evaluations: [],
    shown: {},
    seconds: 0,
    bytes: projector.length,
    provenance,
  }
  putRun(run)
  await keepRun(run.id, { projector })
  if (await chatWith(run)) showToast(`${name} is in use: the chat answers with it now.`)
}

/** A projector that was dropped on the page: what is wrong with it is told, and nothing else happens. */
export const takeProjector = (file: File): Promise<boolean> =>
  withProblem(() => importProjector(file), `${file.name}: `)

export async function renameProjector(run: Run, wanted: string): Promise<void> {
  const name = freeName(
    wanted.trim() || run.name,
    runsHere.peek().filter(({ id }) => id !== run.id),
  )
  if (name === run.name) return
  putRun({ ...run, name })
  await keepRun(run.id)
  if (!known.has(run.name)) return
  const wasInUse = inUse.peek() === run.id
  await withProblem(async () => {
    if (wasInUse) await use(runOf(run.id))
    await client().removeProjector(run.name)
  })
  known.delete(run.name)
}

/** Deletes a run and its projector; if it answered, the model's own answers again. For some seconds it can be brought back. */
export async function removeProjector(run: Run): Promise<void> {
  const projector = await projectorOf(run.id)
  const wasInUse = inUse.peek() === run.id
  if (wasInUse) await chatWith(undefined)
  if (known.delete(run.name)) await withProblem(() => client().removeProjector(run.name))
  await deleteRun(run.id)
  const undo = async () => {
    putRun({ ...run, name: freeName(run.name) })
    await keepRun(run.id, { projector })
    if (wasInUse) await chatWith(runOf(run.id))
  }
  showToast(`${run.name} was deleted.`, { action: { label: 'Undo', run: () => void undo() } })
}

/** Saves a projector, of a run or the model's own, as a `.safetensors` on the user's disk. */
export async function saveProjector(run: Run | undefined): Promise<void> {
  const state = modelState.peek()
  if (state.kind !== 'ready') return
  await withProblem(async () => {
    const file = (run && (await projectorOf(run.id))) ?? (await client().exportProjector(run?.name ?? 'base'))
    const name = `${state.choice.label} ${run?.name ?? 'base'}`.replace(/[^\p{L}\p{N}.-]+/gu, '-')
    const link = document.createElement('a')
    link.href = URL.createObjectURL(new Blob([file], { type: 'application/octet-stream' }))
    link.download = `${name}.safetensors`
    link.click()
    setTimeout(() => URL.revokeObjectURL(link.href), 60_000)
  })
}

async function use(run: Run | undefined): Promise<void> {
  const file = run && !known.has(run.name) ? await projectorOf(run.id) : undefined
  if (run && !file && !known.has(run.name))
    throw new PageError('not-found', `The projector of ${run.name} is no longer in this browser's storage.`)
  const before = inUse.peek()
  // What is asked from here on is answered with it, so the page says so at once.
  inUse.value = run?.id
  try {
    await (run && file ? add(run.name, file) : client().useProjector(run?.name ?? 'base'))
  } catch (error) {
    inUse.value = before
    throw error
  }
}

/** Both calls go out at once: nothing that is asked later comes between them. */
async function add(name: string, file: Uint8Array): Promise<void> {
  await Promise.all([client().addProjector(name, file), client().useProjector(name)])
  known.add(name)
}

async function withProblem(work: () => Promise<unknown>, about = ''): Promise<boolean> {
  try {
    await work()
    return true
  } catch (error) {
    if (!(error instanceof PageError)) throw error
    showToast(`${about}${error.message}`, { tone: 'problem' })
    return false
  }
}
