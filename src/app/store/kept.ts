import { effect, signal } from '@preact/signals'
import { type Answer, type Turn, turns } from './conversation.ts'
import { openDatabase, promised } from './database.ts'
import { makePicture, type Picture } from './pictures.ts'

/** The conversation as the browser keeps it over a reload: no signals, no object URLs. */
interface KeptTurn {
  id: string
  text: string
  pictures: Pick<Picture, 'id' | 'name' | 'blob' | 'alt' | 'questions'>[]
  answer: Answer
}

const MAX_TURNS = 50
const MAX_IMAGE_BYTES = 64_000_000
const STORE = 'conversation'

/** Brings back what was kept, then keeps every settled change; without storage the conversation lasts as long as the page. */
export async function keepConversation(): Promise<void> {
  try {
    const database = await openDatabase('beagle', STORE)
    const kept = await promised<KeptTurn[] | undefined>(database.transaction(STORE).objectStore(STORE).get('turns'))
    if (turns.peek().length === 0) turns.value = (kept ?? []).map(wake)
    save(database)
  } catch {
    // Private windows may forbid IndexedDB.
  }
}

function save(database: IDBDatabase): void {
  let saved: Answer[] = []
  effect(() => {
    const settled = turns.value.filter(({ answer }) => ['done', 'stopped', 'failed'].includes(answer.value.status))
    const answers = settled.map(({ answer }) => answer.value)
    if (answers.length === saved.length && answers.every((answer, index) => answer === saved[index])) return
    saved = answers
    database.transaction(STORE, 'readwrite').objectStore(STORE).put(bounded(settled).map(sleep), 'turns')
  })
}

/** The latest turns whose number and images stay within bounds. */
export function bounded(all: Turn[]): Turn[] {
  let bytes = 0
  let first = all.length
  while (first > 0 && all.length - first < MAX_TURNS) {
    bytes += all[first - 1]!.pictures.reduce((sum, { blob }) => sum + blob.size, 0)
    if (bytes > MAX_IMAGE_BYTES) break
    first--
  }
  return all.slice(first)
}

const sleep = ({ id, text, pictures, answer }: Turn): KeptTurn => ({
  id,
  text,
  pictures: pictures.map(({ url: _url, ...picture }) => picture),
  answer: answer.peek(),
})

const wake = ({ id, text, pictures, answer }: KeptTurn): Turn => ({
  id,
  text,
  pictures: pictures.map((picture) => ({ ...makePicture(picture.blob), ...picture })),
  answer: signal(answer),
})
