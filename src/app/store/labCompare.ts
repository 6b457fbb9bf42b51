import { signal } from '@preact/signals'
import type { Comparison } from '../../evaluationApi.ts'
import { PageError } from '../protocol.ts'
import { type Bench, type Column, columnOf, hindrance, picked, question, refreshed, shownPicture, work } from './lab.ts'
import { benchNow, keepResult } from './labKept.ts'
import { client, modelState, recover } from './model.ts'
import { announcement } from './panels.ts'
import { bring } from './projectors.ts'

/** One question, and what each projector answered. */
export interface Compared extends Bench {
  question: string
  picture: { name: string; blob: Blob }
  columns: Column[]
  answers: Comparison[]
  /** Why it ended early. */
  problem?: string
}

export const compared = signal<Compared | undefined>(undefined)

const MAX_NEW_TOKENS = 64

/** Asks the question with each projector that is picked, and times it. */
export async function compareNow(): Promise<void> {
  const picture = shownPicture.peek()
  const text = question.peek().trim()
  if (!picture || text === '' || hindrance.peek() || work.peek()) return
  const stop = new AbortController()
  const total = picked.peek().length
  const columns = picked.peek().map(columnOf)
  const put = (change: Partial<Compared>) => {
    if (compared.peek()) compared.value = { ...compared.peek()!, ...change }
  }
  compared.value = {
    ...benchNow(),
    ...{ question: text, picture: { name: picture.name, blob: picture.blob }, columns, answers: [] },
  }
  work.value = { kind: 'compare', what: 'Asking', done: 0, total, stopping: false, stop }
  try {
    const projectors = await bring(columns.map(({ id }) => id))
    put({ columns: columns.map(refreshed) })
    const args = { projectors, image: picture.blob, question: text, maxNewTokens: MAX_NEW_TOKENS }
    await client().compare(
      args,
      (answer) => {
        put({ answers: [...compared.peek()!.answers, answer] })
        const now = work.peek()
        if (now) work.value = { ...now, done: now.done + 1 }
      },
      stop.signal,
    )
    announcement.value = `${total} projectors have answered.`
  } catch (error) {
    if (!(error instanceof PageError)) throw error
    if (error.code === 'device-lost' && modelState.peek().kind === 'ready') recover(error)
    put({ problem: explain(error, stop.signal.aborted) })
  } finally {
    work.value = undefined
    void keepResult('compared', compared.peek())
  }
}

/** What an early end means. */
export function explain(error: PageError, asked: boolean): string {
  if (error.code === 'aborted') return asked ? 'Stopped.' : 'Another model was loaded in between.'
  if (error.code === 'device-lost')
    return 'The GPU was reset in between. The model is loaded again; then compare again.'
  return error.message
}
