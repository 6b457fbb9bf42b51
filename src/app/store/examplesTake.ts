import { signal } from '@preact/signals'
import type { DataProblem, DataRow } from '../../teachApi.ts'
import { type Group, groups, type Item, items, type LessonPicture, newPicture } from './examples.ts'
import { addItems, howMany, type NewItem } from './examplesEdit.ts'
import { undoable } from './examplesUndo.ts'
import { nameless, openGroup, show } from './examplesView.ts'
import { showToast } from './panels.ts'

/** Pictures that are being read. */
export interface Reading {
  done: number
  total: number
}

/** Rows of a data file whose pictures are not there yet. */
export interface Missing {
  file: string
  rows: DataRow[]
}

/** What came of a reading that did not go without problems. */
export interface ReadReport {
  source: string
  added: number
  problems: DataProblem[]
  missing: Missing[]
}

/** A picture that is to become an example. */
export interface Candidate {
  /** Names it in the report. */
  where: string
  name: string
  turns: Item['turns']
  group: () => Group
  /** The same key is the same picture. */
  key: string
  open: (signal: AbortSignal) => Promise<Blob>
}

export interface Lot {
  candidates: Candidate[]
  problems: DataProblem[]
  missing: Missing[]
}

/** More at once would only wait for the decoder. */
const AT_ONCE = 6
const SHOW_EVERY_MS = 120

export const reading = signal<Reading | undefined>(undefined)
export const report = signal<ReadReport | undefined>(undefined)

let stopper = new AbortController()
let queue: Promise<unknown> = Promise.resolve()

export function stopReading(): void {
  stopper.abort()
}

/** Readings go one after the other, so that their pictures keep together. */
export function inTurn(work: (signal: AbortSignal) => Promise<void>): Promise<void> {
  const result = queue.then(async () => {
    stopper = new AbortController()
    try {
      await work(stopper.signal)
    } catch (error) {
      if (!stopper.signal.aborted) showToast(explain(error), { tone: 'problem' })
    } finally {
      reading.value = undefined
    }
  })
  queue = result
  return result
}

/** Opens the pictures some at a time, adds them in their order as they come, and reports what could not be read. */
export async function take(source: string, { candidates, problems, missing }: Lot, signal: AbortSignal): Promise<void> {
  const groupsBefore = groups.peek()
  const opened = new Map<string, Promise<LessonPicture>>()
  const results: (LessonPicture | DataProblem | undefined)[] = candidates.map(() => undefined)
  const made: Item[] = []
  let begun = 0
  let committed = 0
  let shown = performance.now()

  const commit = () => {
    const ready: NewItem[] = []
    for (; results[committed]; committed++) {
      const { name, turns, group } = candidates[committed]!
      const result = results[committed]!
      if ('message' in result) problems.push(result)
      else ready.push({ picture: result, name, turns, group: group().id })
    }
    if (ready.length > 0) made.push(...addItems(ready))
    reading.value = { done: committed, total: candidates.length }
  }
  const openSome = async () => {
    while (begun < candidates.length && !signal.aborted) {
      const index = begun++
      const { key, open, where } = candidates[index]!
      const picture = opened.get(key) ?? open(signal).then(checked)
      opened.set(key, picture)
      const result = await picture.catch((error: unknown) => ({ where, message: explain(error) }))
      if (signal.aborted) return
      results[index] = result
      if (performance.now() - shown < SHOW_EVERY_MS) continue
      shown = performance.now()
      commit()
    }
  }
  if (candidates.length > 0) reading.value = { done: 0, total: candidates.length }
  await Promise.all(Array.from({ length: AT_ONCE }, openSome))
  commit()
  report.value = problems.length > 0 ? { source, added: made.length, problems, missing } : undefined
  if (openGroup.peek() === undefined && nameless.peek()) show(nameless.peek())
  offerUndo(made, groupsBefore, signal.aborted)
}

function offerUndo(made: Item[], groupsBefore: Group[], stopped: boolean): void {
  if (made.length === 0) return
  const ids = new Set(made.map(({ id }) => id))
  undoable(`${howMany(made.length)} added${stopped ? ' before you stopped' : ''}.`, () => {
    items.value = items.peek().filter(({ id }) => !ids.has(id))
    const filled = new Set(items.peek().map(({ group }) => group))
    groups.value = groups.peek().filter((group) => groupsBefore.includes(group) || filled.has(group.id))
  })
}

async function checked(blob: Blob): Promise<LessonPicture> {
  try {
    ;(await createImageBitmap(blob)).close()
  } catch {
    throw new Error('Not an image that this browser can read. PNG, JPEG, WebP, GIF and AVIF work.')
  }
  return newPicture(blob)
}

export async function fetchBlob(url: string, signal: AbortSignal): Promise<Blob> {
  let response: Response
  try {
    response = await fetch(url, { signal })
  } catch (error) {
    signal.throwIfAborted()
    throw new Error(
      `${url} could not be fetched (${explain(error)}). Its server may not allow other pages to read it; download it and add the file.`,
    )
  }
  if (!response.ok) throw new Error(`${url} answered ${response.status}.`)
  return response.blob()
}

export const explain = (error: unknown): string => (error instanceof Error ? error.message : String(error))
