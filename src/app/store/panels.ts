import { signal } from '@preact/signals'

export type Panel = 'model' | 'settings' | 'device' | 'camera' | 'picture' | 'burst' | 'example'

/** The dialog that is open; only one is at a time. */
export const openPanel = signal<Panel | undefined>(undefined)

export interface Toast {
  id: number
  tone: 'info' | 'problem'
  text: string
  action?: { label: string; run: () => void }
}

export const toasts = signal<Toast[]>([])

/** What a screen reader should say next, politely. */
export const announcement = signal('')

let nextId = 1

/** Shows a short message, which leaves by itself unless it `stays`; its id is for `dismissToast`. */
export function showToast(
  text: string,
  { tone = 'info', action, stays = false }: Partial<Pick<Toast, 'tone' | 'action'>> & { stays?: boolean } = {},
): number {
  const id = nextId++
  toasts.value = [...toasts.value.slice(-2), { id, tone, text, action }]
  if (!stays) setTimeout(() => dismissToast(id), action || tone === 'problem' ? 9000 : 4000)
  return id
}

export function dismissToast(id: number): void {
  toasts.value = toasts.value.filter((toast) => toast.id !== id)
}
