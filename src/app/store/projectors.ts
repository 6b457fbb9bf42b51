import { computed, signal } from '@preact/signals'
import type { ProjectorInfo } from '../../teachApi.ts'
import { download } from '../download.ts'
import { PageError } from '../protocol.ts'
import { client, modelState, preparations } from './model.ts'
import { fetchOffered, offered } from './offered.ts'
import { announcement, showToast } from './panels.ts'
import { persisted } from './persisted.ts'
import { newId } from './pictures.ts'
import {
  changeRun,
  deleteRun,
  freeName,
  keepRun,
  projectorOf,
  putRun,
  type Run,
  readRuns,
  runOf,
  runsHere,
} from './runs.ts'

/** A projector that the model can be asked with, besides its own. */
export interface ProjectorChoice {
  /** Of a run, or `offered/` and the name of one that came with the model. */
  id: string
  /** What the model calls it. */
  name: string
  /** What people call it. */
  label: string
  type?: string
  visualTokens?: number
  bytes?: number
  description?: string
}

/** The choice that answers; undefined is the model's own. */
export const inUse = signal<string | undefined>(undefined)

/** The model's own projector. */
export const own = signal<ProjectorInfo | undefined>(undefined)

/** What came with the model. */
export const offeredChoices = computed((): ProjectorChoice[] =>
  offered.value.map((one) => ({ ...one, id: offeredId(one.name) })),
)

/** What was learned here or came from a file. */
export const runChoices = computed((): ProjectorChoice[] =>
  runsHere.value.flatMap(({ id, name, bytes, projector }) =>
    bytes === undefined ? [] : [{ id, name, label: name, bytes, ...projector }],
  ),
)

/** What the chat can be answered with, besides the model's own projector. */
export const choices = computed(() => [...offeredChoices.value, ...runChoices.value])

export const choiceOf = (id: string | undefined): ProjectorChoice | undefined =>
  choices.value.find((choice) => choice.id === id)

/** Name of the projector that answers, where there is more than one. */
export const answering = computed(() => {
  if (choices.value.length === 0) return undefined
  return choiceOf(inUse.value)?.label ?? 'base'
})

/** The user's choice for each model, by the model's origin. */
const chosen = persisted<Record<string, string>>('beagle.projectors', {})
/** Names that the loaded model knows. */
let known = new Set<string>()

const offeredId = (name: string) => `offered/${name}`
const nameOfOffered = (id: string) => (id.startsWith('offered/') ? id.slice('offered/'.length) : undefined)

// The worker does one thing after the other, so what is asked after this is answered with the projector.
preparations.push(async ({ origin }) => {
  known = new Set()
  inUse.value = undefined
  own.value = undefined
  const id = chosen.peek()[origin]
  if (!id) return
  const name = nameOfOffered(id)
  if (!name) await readRuns()
  const run = runOf(id)
  const file = run && (await projectorOf(id))
  if (!name && !file) return
  inUse.value = id
  const arrival = name ? putToUse(name, fetchOffered(name)) : putToUse(run!.name, added(run!, file!))
  void withProblem(() => arrival).then((there) => {
    if (!there && inUse.peek() === id) inUse.value = undefined
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

/** Answers from now on are given with this projector, or with the model's own. */
export async function chatWith(choice: Pick<ProjectorChoice, 'id' | 'name'> | undefined): Promise<boolean> {
  const state = modelState.peek()
  if (state.kind !== 'ready') return false
  if (!(await withProblem(() => use(choice)))) return false
  const { [state.info.origin]: _before, ...others } = chosen.peek()
  chosen.value = choice ? { ...others, [state.info.origin]: choice.id } : others
  const called = choice ? (choiceOf(choice.id)?.label ?? choice.name) : 'its own projector'
  announcement.value = `${state.choice.label} answers with ${called} now.`
  return true
}

/** Brings projectors into the model, that it may be asked with them; gives what it calls them. */
export async function bring(ids: readonly string[]): Promise<string[]> {
  const names: string[] = []
  for (const id of ids) {
    const choice = choiceOf(id)
    if (choice && !known.has(choice.name)) await brought(choice)
    names.push(choice?.name ?? 'base')
  }
  return names
}

/** Keeps a projector's file and puts it to use; throws the library's error where it does not fit the model. */
export async function importProjector(file: File): Promise<void> {
  const state = modelState.peek()
  if (state.kind !== 'ready') return
  await readRuns()
  const projector = new Uint8Array(await file.arrayBuffer())
  const name = freeName(file.name.replace(/\.safetensors$/, ''))
  const { provenance, type, visualTokens } = await client().addProjector(name, projector)
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
    projector: { type, visualTokens },
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
    download(
      new Blob([file], { type: 'application/octet-stream' }),
      `${state.choice.label} ${run?.name ?? 'base'}`,
      'safetensors',
    )
  })
}

async function use(choice: Pick<ProjectorChoice, 'id' | 'name'> | undefined): Promise<void> {
  const before = inUse.peek()
  const there = !choice || known.has(choice.name)
  const file = there || nameOfOffered(choice.id) ? undefined : await fileOf(choice)
  // What is asked from here on is answered with it, so the page says so at once.
  inUse.value = choice?.id
  try {
    if (!choice || there) await client().useProjector(choice?.name ?? 'base')
    else await putToUse(choice.name, file ? added(choice, file) : fetchOffered(choice.name))
  } catch (error) {
    inUse.value = before
    throw error
  }
}

/** Both calls go out at once: nothing that is asked later comes between them. */
async function putToUse(name: string, arriving: Promise<unknown>): Promise<void> {
  await Promise.all([arriving, client().useProjector(name)])
  known.add(name)
}

async function brought(choice: ProjectorChoice): Promise<void> {
  await (nameOfOffered(choice.id) ? fetchOffered(choice.name) : added(choice, await fileOf(choice)))
  known.add(choice.name)
}

async function fileOf({ id, name }: Pick<ProjectorChoice, 'id' | 'name'>): Promise<Uint8Array<ArrayBuffer>> {
  const file = await projectorOf(id)
  if (file) return file
  throw new PageError('not-found', `The projector of ${name} is no longer in this browser's storage.`)
}

/** Adds a run's projector to the model, which tells what it is. */
async function added({ id, name }: Pick<ProjectorChoice, 'id' | 'name'>, file: Uint8Array): Promise<void> {
  const { type, visualTokens } = await client().addProjector(name, file)
  changeRun(id, { projector: { type, visualTokens } })
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
