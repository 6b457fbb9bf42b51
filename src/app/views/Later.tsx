import { signal } from '@preact/signals'
import type { ComponentType } from 'preact'
import { useEffect } from 'preact/hooks'

/** A part of the page that comes when it is first asked for, so that the chat's start does not wait for it. */
export function later(read: () => Promise<ComponentType>): ComponentType {
  const view = signal<ComponentType | undefined>(undefined)
  const problem = signal('')
  return function Later() {
    useEffect(() => {
      read().then(
        (component) => {
          view.value = component
        },
        (error: unknown) => {
          problem.value = error instanceof Error ? error.message : String(error)
        },
      )
    }, [])
    const View = view.value
    if (View) return <View />
    return (
      <p class="hint part-opening" role={problem.value ? 'alert' : undefined}>
        {problem.value ? `This part of the page could not be read: ${problem.value}. Reload the page.` : 'Opening…'}
      </p>
    )
  }
}
