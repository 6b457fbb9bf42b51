import { batch } from '@preact/signals'
import { announcement, dismissToast, showToast } from './panels.ts'

interface Step {
  text: string
  undo: () => void
  toast: number
}

const MAX_STEPS = 30
let steps: Step[] = []

/** Says what was done and offers to undo it; the offer before it goes, but is still there for `undoLast`. */
export function undoable(text: string, undo: () => void): void {
  const last = steps.at(-1)
  if (last) dismissToast(last.toast)
  const step: Step = { text, undo, toast: 0 }
  step.toast = showToast(text, { action: { label: 'Undo', run: () => take(step) } })
  steps = [...steps.slice(-MAX_STEPS + 1), step]
}

/** Undoes the latest step that is not undone yet; false where there is none. */
export function undoLast(): boolean {
  const step = steps.at(-1)
  if (!step) return false
  dismissToast(step.toast)
  take(step)
  return true
}

function take(step: Step): void {
  steps = steps.filter((other) => other !== step)
  batch(step.undo)
  announcement.value = `Undone: ${step.text}`
}
