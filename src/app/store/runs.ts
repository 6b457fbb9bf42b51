import { computed, signal } from '@preact/signals'
import type { SampleAnswer, TeachResult, TeachSettings } from '../../teachApi.ts'
import { openDatabase, promised } from './database.ts'
import type { TaughtExample } from './examples.ts'
import { modelState } from './model.ts'
import { offered } from './offered.ts'

/** What a training measured; the arrays go together, one entry per step. */
export interface Curves {
  loss: number[]
  gradNorm: number[]
  learningRate: number[]
}

export interface Evaluation {
  step: number
  loss: number
  exact: number
  count: number
  answers: SampleAnswer[]
}

/** A training or an imported projector, as the browser keeps it. */
export interface Run {
  id: string
  name: string
  /** The model it belongs to: a projector fits no other. */
  model: { origin: string; label: string }
  createdAt: number
  /** `running` is also what a reload finds of a training that was broken off. */
  state: 'running' | TeachResult['reason'] | 'imported'
  settings?: TeachSettings
  counts?: { train: number; heldOut: number; steps: number }
  curves: Curves
  evaluations: Evaluation[]
  /** Pictures of the held-out questions, by their index among the examples. */
  shown: Record<number, Blob>
  /** The last step whose state is kept. */
  savedStep?: number
  seconds: number
  /** Bytes of the projector's file, once there is one. */
  bytes?: number
  /** What the projector is, once that is known. */
  projector?: { type: string; visualTokens: number }
  /** What an imported file says of how it came about. */
  provenance?: Record<string, string>
}

export const runs = signal<Run[]>([])
/** The run whose curves and answers are on show. */
export const shown = signal<string | undefined>(undefined)

/** The runs whose projectors fit the model that is loaded, latest first. */
export const runsHere = computed(() => {
  const state = modelState.value
  const origin = state.kind === 'ready' ? state.info.origin : undefined
  return runs.value.filter((run) => run.model.origin === origin).sort((a, b) => b.createdAt - a.createdAt)
})

const STORE = 'runs'
let opened: Promise<IDBDatabase> | undefined
const database = () => (opened ??= openDatabase('beagle-runs', STORE))
const store = async (mode: IDBTransactionMode) => (await database()).transaction(STORE, mode).objectStore(STORE)

let read: Promise<void> | undefined

/** Reads the list of runs, once; without storage it lasts as long as the page. */
export function readRuns(): Promise<void> {
  read ??= (async () => {
    const kept = await promised<Run[]>((await store('readonly')).getAll(IDBKeyRange.bound('run/', 'run/~')))
    const known = new Set(runs.peek().map(({ id }) => id))
    runs.value = [...kept.filter(({ id }) => !known.has(id)), ...runs.peek()]
  })().catch(() => undefined)
  return read
}

export const runOf = (id: string): Run | undefined => runs.peek().find((run) => run.id === id)

/** Changes a run in the list, or adds it; `keepRun` writes it down. */
export function putRun(run: Run): void {
  const others = runs.peek()
  runs.value = others.some(({ id }) => id === run.id)
    ? others.map((other) => (other.id === run.id ? run : other))
    : [...others, run]
}

export function changeRun(id: string, change: Partial<Run>): void {
  const run = runOf(id)
  if (run) putRun({ ...run, ...change })
}

const projectors = new Map<string, Uint8Array<ArrayBuffer>>()

/** Writes a run down, with its projector and its examples where they are given. Quietly does without where the browser has no storage. */
export async function keepRun(
  id: string,
  { projector, examples }: { projector?: Uint8Array<ArrayBuffer>; examples?: TaughtExample[] } = {},
): Promise<void> {
  if (projector) projectors.set(id, projector)
  const run = runOf(id)
  if (!run) return
  try {
    const kept = await store('readwrite')
    kept.put(run, `run/${id}`)
    if (projector) kept.put(projector, `projector/${id}`)
    if (examples) kept.put(examples, `examples/${id}`)
    await finished(kept.transaction)
  } catch {
    // Private windows may forbid IndexedDB, and disks fill up: the run then lasts as long as the page.
  }
}

/** The projector's file of a run; undefined where there is none. */
export async function projectorOf(id: string): Promise<Uint8Array<ArrayBuffer> | undefined> {
  return projectors.get(id) ?? (await get(`projector/${id}`))
}

/** What a run that was broken off was to learn from. */
export const examplesOf = (id: string): Promise<TaughtExample[] | undefined> => get(`examples/${id}`)

/** A run that has ended needs its examples no longer. */
export async function dropExamples(id: string): Promise<void> {
  await remove(`examples/${id}`)
}

export async function deleteRun(id: string): Promise<void> {
  runs.value = runs.peek().filter((run) => run.id !== id)
  projectors.delete(id)
  for (const kind of ['run', 'projector', 'examples']) await remove(`${kind}/${id}`)
}

/** `wanted`, or the first of `wanted 2`, `wanted 3` … that no other run and nothing that came with the model has. */
export function freeName(wanted: string, others = runs.peek()): string {
  const taken = new Set(['base', ...offered.peek().map(({ name }) => name), ...others.map(({ name }) => name)])
  let name = wanted
  for (let number = 2; taken.has(name); number++) name = `${wanted} ${number}`
  return name
}

async function get<T>(key: string): Promise<T | undefined> {
  try {
    return await promised<T | undefined>((await store('readonly')).get(key))
  } catch {
    return undefined
  }
}

async function remove(key: string): Promise<void> {
  try {
    await promised((await store('readwrite')).delete(key))
  } catch {
    // Where nothing can be kept there is nothing to delete.
  }
}

function finished(transaction: IDBTransaction): Promise<void> {
  return new Promise((resolve, reject) => {
    transaction.oncomplete = () => resolve()
    transaction.onabort = () => reject(transaction.error)
  })
}
