import { openDatabase, promised } from './database.ts'
import type { Bench } from './lab.ts'
import { device, modelState } from './model.ts'

const STORE = 'results'
let opened: Promise<IDBDatabase> | undefined
const database = () => (opened ??= openDatabase('beagle-lab', STORE))

/** Writes a result down, that a reload may find it; without storage it lasts as long as the page. */
export async function keepResult(name: 'compared' | 'evaluated', result: object | undefined): Promise<void> {
  try {
    const kept = (await database()).transaction(STORE, 'readwrite').objectStore(STORE)
    await promised(kept.put(result, name))
  } catch {
    // Private windows may forbid IndexedDB.
  }
}

export async function keptResult<T>(name: 'compared' | 'evaluated'): Promise<T | undefined> {
  try {
    return await promised<T | undefined>((await database()).transaction(STORE).objectStore(STORE).get(name))
  } catch {
    return undefined
  }
}

/** The model that is loaded, and the machine. */
export function benchNow(): Bench {
  const { choice, ...state } = modelState.peek()
  const { vendor, architecture, description } = device.peek() ?? {}
  return {
    model: {
      origin: state.kind === 'ready' ? state.info.origin : '',
      label: choice.label,
      weights: choice.weights,
    },
    device: description || [vendor, architecture].filter(Boolean).join(' ') || 'unknown',
    at: Date.now(),
  }
}
