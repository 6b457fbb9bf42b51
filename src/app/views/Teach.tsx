import { signal } from '@preact/signals'
import type { ComponentType } from 'preact'
import { useEffect } from 'preact/hooks'

const view = signal<ComponentType | undefined>(undefined)
const problem = signal('')

/** Everything about teaching comes when it is first asked for, so that the chat's start does not wait for it. */
export function Teach() {
  useEffect(() => {
    import('./teach/TeachView.tsx').then(
      ({ TeachView }) => {
        view.value = TeachView
      },
      (error: unknown) => {
        problem.value = error instanceof Error ? error.message : String(error)
      },
    )
  }, [])
  const View = view.value
  if (View) return <View />
  return (
    <p class="hint teach-opening" role={problem.value ? 'alert' : undefined}>
      {problem.value ? `This part of the page could not be read: ${problem.value}. Reload the page.` : 'Opening…'}
    </p>
  )
}
