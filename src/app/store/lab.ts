import { computed, effect, signal } from '@preact/signals'
import { turns } from './conversation.ts'
import { labNote } from './mode.ts'
import { modelState } from './model.ts'
import { persisted } from './persisted.ts'
import { attached, makePicture, type Picture, type Sample, sampleUrl } from './pictures.ts'
import { choiceOf, choices, own, type ProjectorChoice } from './projectors.ts'

/** A projector as a column of results. */
export interface Column {
  id: string
  /** What the model calls it. */
  name: string
  label: string
  type?: string
  visualTokens?: number
}

/** The model and the machine of results. */
export interface Bench {
  model: { origin: string; label: string; weights: string }
  device: string
  at: number
}

/** Every projector that can be asked: the model's own first. None where the model reads text only. */
export const candidates = computed((): ProjectorChoice[] => {
  if (modelState.value.kind === 'ready' && modelState.value.info.projector === 'none') return []
  const { type, visualTokens, bytes } = own.value ?? {}
  return [{ id: 'base', name: 'base', label: 'Base', type, visualTokens, bytes }, ...choices.value]
})

/** What the user picked; null until then. */
const picks = persisted<{ ids: string[] | null }>('beagle.lab', { ids: null })

/** At first the model's own and the first two others. */
export const picked = computed(() => {
  const wanted = picks.value.ids
  return candidates.value.filter(({ id }, index) => (wanted ? wanted.includes(id) : index < 3))
})

export function pick(id: string, on: boolean): void {
  const others = picked.peek().flatMap((one) => (one.id === id ? [] : [one.id]))
  picks.value = { ids: on ? [...others, id] : others }
}

/** The picture and the question that all are asked. */
export const shownPicture = signal<Picture | undefined>(undefined)
export const question = signal('')

/** Begins with what the chat is about. */
export function takeFromChat(): void {
  if (shownPicture.peek()) return
  const picture = attached.peek()[0] ?? turns.peek().at(-1)?.pictures[0]
  if (picture) showPicture({ ...makePicture(picture.blob), ...picture, url: URL.createObjectURL(picture.blob) })
}

export function showPicture(picture: Picture): void {
  const before = shownPicture.peek()
  if (before) URL.revokeObjectURL(before.url)
  shownPicture.value = picture
  if (!question.peek()) question.value = picture.questions[0] ?? 'Describe the image.'
}

export async function showSample({ file, alt, questions }: Sample): Promise<void> {
  const response = await fetch(sampleUrl({ file, alt, questions }))
  if (!response.ok) return
  showPicture(makePicture(await response.blob(), { name: file, alt, questions }))
  question.value = questions[0] ?? 'Describe the image.'
}

/** What the Lab is doing. */
export interface Work {
  kind: 'compare' | 'evaluate'
  what: string
  done: number
  total: number
  secondsLeft?: number
  stopping: boolean
  stop: AbortController
}

export const work = signal<Work | undefined>(undefined)

export function stopWork(): void {
  const now = work.peek()
  if (!now) return
  work.value = { ...now, stopping: true }
  now.stop.abort()
}

effect(() => {
  const now = work.value
  labNote.value = now ? `${now.done}/${now.total}` : ''
})

/** Why nothing can be asked just now; empty where it can. */
export const hindrance = computed(() => {
  if (modelState.value.kind === 'failed') return 'No model is loaded.'
  if (modelState.value.kind === 'loading') return 'The model is being loaded.'
  if (candidates.value.length === 0) return 'This model reads text only and has no projector.'
  if (candidates.value.length < 2) return 'There is only one projector. Teach the model another, or load a file.'
  if (picked.value.length < 2) return 'Pick two or more projectors to compare.'
  return ''
})

export const columnOf = ({ id, name, label, type, visualTokens }: ProjectorChoice): Column => ({
  ...{ id, name, label },
  ...{ type, visualTokens },
})

/** What is known of a column's projector now, e.g. after it was fetched. */
export function refreshed(column: Column): Column {
  const { type, visualTokens } = choiceOf(column.id) ?? {}
  return { ...column, type: type ?? column.type, visualTokens: visualTokens ?? column.visualTokens }
}
