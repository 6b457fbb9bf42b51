import { batch, effect, signal } from '@preact/signals'
import type {
  CachedModel,
  DeviceReport,
  LoadProgress,
  MemoryReport,
  ModelInfo,
  ModelSource,
  WeightStorage,
} from '../../api.ts'
import { type Client, startWorker } from '../client.ts'
import { PageError } from '../protocol.ts'
import { showToast } from './panels.ts'
import { preferences } from './settings.ts'

/** What was asked for: where the model is, how to name it, how to store its weights. */
export interface ModelChoice {
  source: ModelSource
  label: string
  weights: WeightStorage
}

export type ModelState =
  | { kind: 'loading'; choice: ModelChoice; progress?: LoadProgress }
  | { kind: 'ready'; choice: ModelChoice; info: ModelInfo }
  | { kind: 'failed'; choice: ModelChoice; error: PageError }

export const embedded = (): ModelChoice => ({
  source: { kind: 'embedded' },
  label: 'Pocket',
  weights: preferences.peek().weights,
})

export const modelState = signal<ModelState>({ kind: 'loading', choice: embedded() })
export const device = signal<DeviceReport | undefined>(undefined)
export const memory = signal<MemoryReport | undefined>(undefined)
export const cached = signal<CachedModel[] | undefined>(undefined)

const RECOVERY_PAUSE_MS = 60_000
let connection: { client: Client; terminate: () => void } | undefined
let loading: AbortController | undefined
let lastReady: ModelChoice | undefined
let lastRecovery = Number.NEGATIVE_INFINITY

/** What must be done with a model that was just loaded before it is asked anything. */
export const preparations: ((info: ModelInfo) => Promise<void>)[] = []

/** The worker's client; started on first use. */
export function client(): Client {
  if (!connection) {
    connection = startWorker()
    connection.client.onLost = recover
  }
  return connection.client
}

/** Replaces the model. A failure stays on show; a cancelled load goes back to the model that was there before. */
export async function loadModel(choice: ModelChoice): Promise<void> {
  loading?.abort()
  const controller = new AbortController()
  loading = controller
  modelState.value = { kind: 'loading', choice }
  try {
    const {
      info,
      device: report,
      memory: used,
    } = await client().load(
      choice.source,
      { weights: choice.weights },
      {
        signal: controller.signal,
        onProgress: (progress) => {
          if (loading === controller) modelState.value = { kind: 'loading', choice, progress }
        },
      },
    )
    for (const prepare of preparations) await prepare(info)
    if (loading !== controller) return
    lastReady = choice
    batch(() => {
      device.value = report
      memory.value = used
      modelState.value = { kind: 'ready', choice, info }
    })
  } catch (error) {
    if (loading !== controller) return
    if (!(error instanceof PageError)) throw error
    if (error.code === 'aborted') {
      showToast('Loading was cancelled. What was downloaded is kept.')
      return loadModel(lastReady ?? embedded())
    }
    if (error.code === 'device-lost') recover(error)
    else modelState.value = { kind: 'failed', choice, error }
  }
}

export function cancelLoad(): void {
  loading?.abort()
}

/** Whether a load can be cancelled to something else than itself. */
export function canCancel(choice: ModelChoice): boolean {
  return !isEmbedded(choice.source) || (lastReady !== undefined && !isEmbedded(lastReady.source))
}

export function isEmbedded(source: ModelSource): boolean {
  return source === 'embedded' || (typeof source === 'object' && source.kind === 'embedded')
}

/** Reloads what is, or should be, loaded: after a failure, and with another weight type. */
export function reload(weights: WeightStorage = modelState.peek().choice.weights): Promise<void> {
  return loadModel({ ...modelState.peek().choice, weights })
}

/** A lost device or a dead worker, told by the worker or by a call that failed with it: starts a new worker and reloads once by itself; a second loss within a minute waits for the user. */
export function recover(error: PageError): void {
  connection?.terminate()
  connection = undefined
  loading = undefined
  const { choice } = modelState.peek()
  const soon = performance.now() - lastRecovery < RECOVERY_PAUSE_MS
  if (soon || error.code === 'out-of-memory') {
    modelState.value = { kind: 'failed', choice, error }
    return
  }
  lastRecovery = performance.now()
  const what = error.code === 'device-lost' ? 'The GPU was reset' : 'The model stopped unexpectedly'
  showToast(`${what}. Loading it again; the conversation is kept.`)
  void loadModel(choice)
}

/** Waits for the end of the load that goes on; whether it was of the model from `origin`, and it is there. */
export function modelIsBack(origin: string | undefined): Promise<boolean> {
  return new Promise((resolve) => {
    const stopWaiting = effect(() => {
      const state = modelState.value
      if (state.kind === 'loading') return
      queueMicrotask(() => stopWaiting())
      resolve(state.kind === 'ready' && state.info.origin === origin)
    })
  })
}

export async function refreshMemory(): Promise<void> {
  if (modelState.peek().kind === 'ready') memory.value = (await client().memory()) ?? memory.peek()
}

export async function refreshCached(): Promise<void> {
  cached.value = await client().cachedModels()
}

export async function deleteCachedModel(key: string): Promise<void> {
  await client().deleteCached(key)
  await refreshCached()
}
