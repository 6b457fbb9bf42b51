import { batch, computed, effect, type Signal, signal } from '@preact/signals'
import type { ChatResult } from '../../api.ts'
import { PageError, type WireChatOptions, type WireError, type WireMessage } from '../protocol.ts'
import { client, memory, modelState, recover } from './model.ts'
import { announcement, showToast } from './panels.ts'
import { attached, newId, type Picture } from './pictures.ts'
import { answering } from './projectors.ts'
import { chatOptions, sampling } from './settings.ts'

export interface Answer {
  /** `queued` until the model is ready and no other answer runs; `thinking` until the first text. */
  status: 'queued' | 'thinking' | 'writing' | 'done' | 'stopped' | 'failed'
  text: string
  result?: ChatResult
  seed?: number
  error?: WireError
  /** Model and weights that gave the answer. */
  by?: string
  /** The projector that answered, where there were several. */
  projector?: string
}

export interface Turn {
  id: string
  text: string
  pictures: Picture[]
  answer: Signal<Answer>
}

export const turns = signal<Turn[]>([])
export const draft = signal('')
/** The turn whose question is being edited. */
export const editing = signal<string | undefined>(undefined)
export const running = signal<string | undefined>(undefined)
export const busy = computed(
  () => running.value !== undefined || turns.value.some((turn) => turn.answer.value.status === 'queued'),
)

let stopper: AbortController | undefined

const queued = (): Answer => ({ status: 'queued', text: '' })

/** Asks the draft, or `text`, about the attached pictures. */
export function ask(text = draft.peek()): void {
  const question = text.trim()
  if (busy.peek() || (question === '' && attached.peek().length === 0)) return
  batch(() => {
    turns.value = [
      ...turns.peek(),
      { id: newId(), text: question, pictures: attached.peek(), answer: signal(queued()) },
    ]
    attached.value = []
    draft.value = ''
  })
}

export function stop(): void {
  stopper?.abort()
  for (const { answer } of turns.peek())
    if (answer.peek().status === 'queued') answer.value = { ...answer.peek(), status: 'stopped' }
}

/** Answers a question anew; what came after it goes. */
export function regenerate(id: string): void {
  askAgain(id, (turn) => turn)
}

/** Replaces a question and asks it; what came after it goes. */
export function edit(id: string, text: string): void {
  editing.value = undefined
  askAgain(id, (turn) => ({ ...turn, text: text.trim() }))
}

/** Starts a new conversation; for some seconds the old one can be brought back. */
export function clearConversation(): void {
  stop()
  const cleared = turns.peek()
  batch(() => {
    turns.value = []
    editing.value = undefined
  })
  const undo = () => {
    turns.value = [...cleared, ...turns.peek()]
  }
  showToast('The conversation was cleared.', { action: { label: 'Undo', run: undo } })
}

function askAgain(id: string, change: (turn: Turn) => Turn): void {
  const at = turns.peek().findIndex((turn) => turn.id === id)
  if (at < 0 || busy.peek()) return
  const turn = turns.peek()[at]!
  turns.value = [...turns.peek().slice(0, at), { ...change(turn), answer: signal(queued()) }]
}

/**
 * The messages up to and with `last`. An unfinished answer counts as it is; a question without any is left out, but when it was
 * stopped its pictures go with the next question.
 */
export function wireMessages(all: Turn[], last: Turn): { messages: WireMessage[]; images: Map<string, Blob> } {
  const messages: WireMessage[] = []
  const images = new Map<string, Blob>()
  let pictures: Picture[] = []
  for (const turn of all.slice(0, all.indexOf(last) + 1)) {
    const { status, text: answer } = turn.answer.peek()
    const skipped = turn !== last && answer === ''
    if (!skipped || status === 'stopped') pictures.push(...turn.pictures)
    if (skipped) continue
    for (const { id, blob } of pictures) images.set(id, blob)
    messages.push({
      role: 'user',
      content: [
        ...pictures.map(({ id }) => ({ type: 'image' as const, imageId: id })),
        { type: 'text', text: turn.text || 'Describe the image.' },
      ],
    })
    pictures = []
    if (turn !== last) messages.push({ role: 'assistant', content: [{ type: 'text', text: answer }] })
  }
  return { messages, images }
}

/** Runs queued questions one after the other, as soon as the model is ready. */
export function answerQueued(): void {
  effect(() => {
    if (modelState.value.kind !== 'ready' || running.value !== undefined) return
    const next = turns.value.find((turn) => turn.answer.value.status === 'queued')
    if (next) void answer(next)
  })
}

async function answer(turn: Turn): Promise<void> {
  const state = modelState.peek()
  const options: WireChatOptions = chatOptions(sampling.peek())
  stopper = new AbortController()
  running.value = turn.id
  const by = state.kind === 'ready' ? `${state.choice.label}, ${state.info.weights}` : undefined
  turn.answer.value = { status: 'thinking', text: '', seed: options.seed, by, projector: answering.peek() }
  const stream = new Paced((text) => {
    turn.answer.value = { ...turn.answer.peek(), status: 'writing', text }
  })
  try {
    const args = { ...wireMessages(turns.peek(), turn), options }
    let result: ChatResult | undefined
    const chunks = client().chat(args, stopper.signal)
    let step = await chunks.next()
    for (; !step.done; step = await chunks.next()) {
      stream.add(step.value.text)
      result = step.value.result ?? result
    }
    memory.value = step.value
    const status = result?.finishReason === 'aborted' ? 'stopped' : 'done'
    settle(turn, { status, text: stream.finish(), result })
  } catch (error) {
    const text = stream.finish()
    if (!(error instanceof PageError)) throw error
    if (error.code === 'device-lost' && modelState.peek().kind === 'ready') recover(error)
    if (error.code === 'aborted') settle(turn, { status: 'stopped', text })
    else if (error.code === 'device-lost' && modelState.peek().kind === 'loading') settle(turn, queued())
    else settle(turn, { status: 'failed', text, error: { code: error.code, message: error.message } })
  } finally {
    running.value = undefined
  }
}

function settle(turn: Turn, change: Partial<Answer>): void {
  turn.answer.value = { ...turn.answer.peek(), ...change }
  const { status, text, error } = turn.answer.peek()
  if (status !== 'queued')
    announcement.value = error ? error.message : `${status === 'stopped' ? 'Stopped. ' : ''}${text}`
}

/** Gathers streamed text and shows it at most once per frame. */
class Paced {
  #text = ''
  #frame = 0
  readonly #show: (text: string) => void
  constructor(show: (text: string) => void) {
    this.#show = show
  }
  add(text: string): void {
    this.#text += text
    if (this.#text !== '')
      this.#frame ||= requestAnimationFrame(() => {
        this.#frame = 0
        this.#show(this.#text)
      })
  }
  finish(): string {
    cancelAnimationFrame(this.#frame)
    return this.#text
  }
}
