import { effect, type Signal, signal } from '@preact/signals'

/** A signal kept in localStorage under `key`; storage that is full, forbidden or holds nonsense is treated as empty. */
export function persisted<T extends object>(key: string, initial: T): Signal<T> {
  const kept = signal<T>({ ...initial, ...read(key) })
  effect(() => {
    try {
      localStorage.setItem(key, JSON.stringify(kept.value))
    } catch {
      // Private windows may forbid storage: the setting then lasts as long as the page.
    }
  })
  return kept
}

function read(key: string): object {
  try {
    const value: unknown = JSON.parse(localStorage.getItem(key) ?? '{}')
    return typeof value === 'object' && value !== null ? value : {}
  } catch {
    return {}
  }
}
