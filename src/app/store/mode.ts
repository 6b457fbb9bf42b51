import { signal } from '@preact/signals'

/** The page's parts; the address tells which: `#teach`, `#lab`, else the chat. */
export type Mode = 'chat' | 'teach' | 'lab'

const inAddress = (): Mode => (['teach', 'lab'] as const).find((part) => location.hash === `#${part}`) ?? 'chat'

export const mode = signal<Mode>(inAddress())

addEventListener('hashchange', () => {
  mode.value = inAddress()
})

/** How far the training is, in a few words; empty while none runs. */
export const trainingNote = signal('')

/** How far the Lab's work is, likewise. */
export const labNote = signal('')

export function goTo(next: Mode): void {
  location.hash = next
}
