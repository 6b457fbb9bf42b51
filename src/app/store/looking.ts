import { batch, signal } from '@preact/signals'
import { type LookReply, PageError } from '../protocol.ts'
import type { FoundWord } from '../words.ts'
import { type Answer, type Turn, turns, wireMessages } from './conversation.ts'
import { client, modelState } from './model.ts'
import { announcement } from './panels.ts'
import type { Picture } from './pictures.ts'

/** The answer whose words can be chosen to see where the model looked; one that was asked again is another. */
export const looking = signal<Answer | undefined>(undefined)

/** The word that was chosen. */
export const chosen = signal<FoundWord | undefined>(undefined)

/** Layer and head of the decoder; the mean of all where there is none. */
export const lookedPart = signal<{ layer?: number; head?: number }>({})

/** How many times an even look over the image a cell must get for its full colour, as a power of two. */
export const strength = signal(-2.25)

export type LookState =
  | { kind: 'none' }
  | { kind: 'looking' | 'seen'; reply?: LookReply; word?: FoundWord }
  | { kind: 'failed'; message: string }

export const look = signal<LookState>({ kind: 'none' })

/** The pictures that the model saw when it answered a question, in its order. */
export function picturesOf(turn: Turn): Picture[] {
  const { images } = wireMessages(turns.peek(), turn)
  const all = turns.peek().flatMap(({ pictures }) => pictures)
  return [...images.keys()].flatMap((id) => all.find((picture) => picture.id === id) ?? [])
}

/** Whether the model that answered is still here, and saw a picture. */
export function canLook(turn: Turn, { by, result }: Answer): boolean {
  const state = modelState.value
  const here = state.kind === 'ready' ? `${state.choice.label}, ${state.info.weights}` : undefined
  return here === by && (result?.visualTokens ?? 0) > 0 && picturesOf(turn).length > 0
}

/** Lets the words of an answer be chosen, or no longer. */
export function toggleLooking(answer: Answer): void {
  stopper?.abort()
  batch(() => {
    looking.value = looking.peek() === answer ? undefined : answer
    chosen.value = undefined
    lookedPart.value = {}
    look.value = { kind: 'none' }
  })
}

export function chooseWord(turn: Turn, word: FoundWord): void {
  chosen.value = word
  void see(turn)
}

export function choosePart(turn: Turn, part: { layer?: number; head?: number }): void {
  lookedPart.value = { ...lookedPart.peek(), ...part }
  void see(turn)
}

let stopper: AbortController | undefined

async function see(turn: Turn): Promise<void> {
  const word = chosen.peek()
  const ids = turn.answer.peek().result?.ids
  if (!word || !ids) return
  stopper?.abort()
  const own = new AbortController()
  stopper = own
  const before = look.peek()
  look.value = { ...(before.kind === 'failed' ? {} : before), kind: 'looking' }
  try {
    const { messages, images } = wireMessages(turns.peek(), turn)
    const characters = [word.start, word.end] as const
    const reply = await client().look({ messages, images, ids, characters, ...lookedPart.peek() }, own.signal)
    if (own.signal.aborted) return
    look.value = { kind: 'seen', reply, word }
    announcement.value = saidOf(word, reply)
  } catch (error) {
    if (!(error instanceof PageError)) throw error
    if (!own.signal.aborted) look.value = { kind: 'failed', message: error.message }
  }
}

/** What the pictures show, in words. */
export function saidOf({ word }: FoundWord, { share, images }: LookReply): string {
  const percent = (part: number) => `${Math.round(100 * part)}\u00a0%`
  const [only, ...more] = images
  if (only && more.length === 0)
    return `“${word}”: ${percent(share)} of the attention went to the image; within it, ${only.words}.`
  const each = images.map((image, i) => `${percent(image.share)} to image ${i + 1} (${image.words})`)
  return `“${word}”: of the attention went ${each.join('; ')}.`
}
