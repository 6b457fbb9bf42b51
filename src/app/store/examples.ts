import { computed, type ReadonlySignal, signal } from '@preact/signals'
import type { Exchange } from '../../teachApi.ts'
import { isEmbedded, modelState } from './model.ts'
import { persisted } from './persisted.ts'
import { newId } from './pictures.ts'

/** What a training takes: an image and what it teaches. */
export interface TaughtExample {
  id: string
  blob: Blob
  name: string
  turns: Exchange[]
  kind?: string
}

/** An image file that one or several examples show. */
export interface LessonPicture {
  id: string
  blob: Blob
}

/** An example as the page edits it. */
export interface Item {
  id: string
  picture: LessonPicture
  name: string
  group: string
  /** Its own questions and answers; none takes the name of its group. */
  turns: Exchange[]
  /** Order among all; a copy gets a place between its neighbours. */
  rank: number
}

/** Pictures that belong together: `named` ones all show what the group is called, `asked` ones have questions of their own. */
export interface Group {
  id: string
  name: string
  way: 'named' | 'asked'
}

/** How a named picture is asked about; `{name}` stands for what its group is called. */
export interface Wording {
  question: string
  answer: string
  /** The question ends with LLaVA's request for a short answer. */
  short: boolean
}

/** Ends the questions of LLaVA's training data whose answers are short, arXiv:2310.03744. */
export const SHORT_ANSWER = '\nAnswer the question using a single word or phrase.'

export const items = signal<Item[]>([])
export const groups = signal<Group[]>([])

/** The user's own wording; null leaves it to the model. */
export const ownWording = persisted<{ [K in keyof Wording]: Wording[K] | null }>('beagle.wording', {
  question: null,
  answer: null,
  short: null,
})

/** The embedded model is used to short answers. */
export const defaultWording = computed<Wording>(() => ({
  question: 'What is this?',
  answer: '{name}',
  short: isEmbedded(modelState.value.choice.source),
}))

export const wording = computed<Wording>(() => ({
  question: ownWording.value.question ?? defaultWording.value.question,
  answer: ownWording.value.answer ?? defaultWording.value.answer,
  short: ownWording.value.short ?? defaultWording.value.short,
}))

export const groupOf = computed(() => new Map(groups.value.map((group) => [group.id, group])))

/** All that is ready to be taught; pictures without a name or an answer are not among it. */
export const examples: ReadonlySignal<TaughtExample[]> = computed(() =>
  items.value.flatMap((item) => {
    const turns = taught(item, groupOf.value.get(item.group), wording.value)
    if (turns.length === 0) return []
    const { id, picture, name } = item
    return [{ id, blob: picture.blob, name, turns, kind: groupOf.value.get(item.group)?.name }]
  }),
)

/** What an item teaches: its own complete exchanges, else its group's name in the wording. */
export function taught(
  { turns }: Pick<Item, 'turns'>,
  group: Group | undefined,
  { question, answer, short }: Wording,
): Exchange[] {
  if (turns.length > 0) return turns.filter((turn) => turn.answer.trim() !== '').map(asCaption)
  const name = group?.way === 'named' ? group.name.trim() : ''
  if (name === '') return []
  const said = answer.replaceAll('{name}', name)
  return [asCaption({ question: joinQuestion(question.replaceAll('{name}', name), short), answer: said })]
}

/** Where there is no question, there is none to be answered shortly either. */
function asCaption(turn: Exchange): Exchange {
  return splitQuestion(turn.question).text.trim() === '' ? { question: '', answer: turn.answer } : turn
}

/** A question without LLaVA's request for a short answer, and whether it had one. */
export function splitQuestion(question: string): { text: string; short: boolean } {
  const short = question.endsWith(SHORT_ANSWER)
  return { text: short ? question.slice(0, -SHORT_ANSWER.length) : question, short }
}

export const joinQuestion = (text: string, short: boolean): string => (short ? text + SHORT_ANSWER : text)

export const newPicture = (blob: Blob): LessonPicture => ({ id: newId(), blob })

/** Items of each group, in order. */
export const itemsOf = computed(() => {
  const found = new Map<string, Item[]>(groups.value.map(({ id }) => [id, []]))
  for (const item of items.value) found.get(item.group)?.push(item)
  return found
})
