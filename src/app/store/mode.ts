import { signal } from '@preact/signals'

/** The page's two halves; the address tells which: `#teach`, else the chat. */
export type Mode = 'chat' | 'teach'

const inAddress = (): Mode => (location.hash === '#teach' ? 'teach' : 'chat')

export const mode = signal<Mode>(inAddress())

addEventListener('hashchange', () => {
  mode.value = inAddress()
})

/** How far the training is, in a few words; empty while none runs. */
export const trainingNote = signal('')

export function goTo(next: Mode): void {
  location.hash = next
}
