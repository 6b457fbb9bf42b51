import { batch, effect } from '@preact/signals'
import { openDatabase, promised } from './database.ts'
import { type Group, groups, type Item, items, type LessonPicture } from './examples.ts'
import { giveGroups } from './examplesEdit.ts'
import { showToast } from './panels.ts'

/** An item as the browser keeps it: its picture stands apart, because copies share it. */
type KeptItem = Omit<Item, 'picture'> & { picture: string }

/** What one transaction writes: values by key, undefined deletes. */
type Writes = [key: string, value: unknown][]

const STORE = 'examples'
const WRITES_AT_ONCE = 50

let kept: Promise<void> | undefined

/** Brings back the examples of the last visit, then keeps every change. Without storage they last as long as the page. */
export function keepExamples(): Promise<void> {
  kept ??= restore()
  return kept
}

async function restore(): Promise<void> {
  try {
    const database = await openDatabase('beagle.examples', STORE)
    const { found, known } = await read(database)
    batch(() => {
      groups.value = [...known, ...groups.peek()]
      items.value = [...found, ...items.peek()]
      giveGroups(found)
    })
    save(database, found, known)
  } catch {
    // Private windows may forbid IndexedDB.
  }
}

async function read(database: IDBDatabase): Promise<{ found: Item[]; known: Group[] }> {
  const store = database.transaction(STORE).objectStore(STORE)
  const within = (prefix: string) => IDBKeyRange.bound(`${prefix}/`, `${prefix}/\uffff`)
  const [pictures, entries, known] = await Promise.all([
    promised(store.getAll(within('picture')) as IDBRequest<LessonPicture[]>),
    promised(store.getAll(within('item')) as IDBRequest<KeptItem[]>),
    promised(store.get('groups') as IDBRequest<Group[] | undefined>),
  ])
  const byId = new Map(pictures.map((picture) => [picture.id, picture]))
  const found = entries.flatMap(({ picture: id, ...rest }): Item[] => {
    const picture = byId.get(id)
    return picture ? [{ ...rest, picture }] : []
  })
  return { found: found.sort((a, b) => a.rank - b.rank), known: known ?? [] }
}

function save(database: IDBDatabase, found: Item[], known: Group[]): void {
  let saved: ReadonlyMap<string, Item> = new Map(found.map((item) => [item.id, item]))
  let savedGroups = known
  let writing: Promise<void> = Promise.resolve()
  let told = false
  effect(() => {
    const now = new Map(items.value.map((item) => [item.id, item]))
    const writes = differences(saved, now)
    if (groups.value.length !== savedGroups.length || groups.value.some((group, at) => group !== savedGroups[at]))
      writes.push(['groups', groups.value])
    saved = now
    savedGroups = groups.value
    if (writes.length === 0) return
    writing = writing
      .then(() => write(database, writes))
      .catch((error: unknown) => {
        if (told) return
        told = true
        const full = error instanceof DOMException && error.name === 'QuotaExceededError'
        const why = full ? 'has no room left to' : 'could not'
        showToast(`The browser ${why} keep the examples. They are there until you close this page.`, {
          tone: 'problem',
        })
      })
  })
}

/** What has to be written and deleted to get from `before` to `now`; each picture once, however many items show it. */
export function differences(before: ReadonlyMap<string, Item>, now: ReadonlyMap<string, Item>): Writes {
  const writes: Writes = []
  const shownBefore = new Set([...before.values()].map(({ picture }) => picture.id))
  const shown = new Map([...now.values()].map(({ picture }) => [picture.id, picture]))
  for (const [id, picture] of shown) if (!shownBefore.has(id)) writes.push([`picture/${id}`, picture])
  for (const id of shownBefore) if (!shown.has(id)) writes.push([`picture/${id}`, undefined])
  for (const [id, item] of now) {
    if (before.get(id) !== item) writes.push([`item/${id}`, { ...item, picture: item.picture.id }])
  }
  for (const id of before.keys()) if (!now.has(id)) writes.push([`item/${id}`, undefined])
  return writes
}

/** Some at a time, so that no single task of the page is long. */
async function write(database: IDBDatabase, writes: Writes): Promise<void> {
  for (let from = 0; from < writes.length; from += WRITES_AT_ONCE) {
    const transaction = database.transaction(STORE, 'readwrite')
    const store = transaction.objectStore(STORE)
    for (const [key, value] of writes.slice(from, from + WRITES_AT_ONCE)) {
      if (value === undefined) store.delete(key)
      else store.put(value, key)
    }
    await new Promise<void>((resolve, reject) => {
      transaction.oncomplete = () => resolve()
      transaction.onabort = () => reject(transaction.error)
    })
  }
}
