import { batch, computed, effect, signal } from '@preact/signals'
import { type Group, groupOf, groups, type Item, items, itemsOf, splitQuestion, taught, wording } from './examples.ts'

/** Pictures on one page: few enough that what stands below them on a phone is not far. */
export const perPage = signal(30)

/** The group on show, which new pictures join; none shows all. */
export const openGroup = signal<string | undefined>(undefined)
export const query = signal('')
export const page = signal(0)
export const selected = signal<ReadonlySet<string>>(new Set())
/** The item in the editor. */
export const edited = signal<string | undefined>(undefined)
/** A group whose name waits to be typed. */
export const nameless = signal<string | undefined>(undefined)

/** Items of the open group, or all, that the search finds. */
export const found = computed<Item[]>(() => {
  const of = openGroup.value === undefined ? items.value : (itemsOf.value.get(openGroup.value) ?? [])
  const words = query.value.toLowerCase().split(/\s+/).filter(Boolean)
  if (words.length === 0) return of
  return of.filter((item) => {
    const group = groupOf.value.get(item.group)
    const said = taught(item, group, wording.value).flatMap(({ question, answer }) => [
      splitQuestion(question).text,
      answer,
    ])
    const text = [item.name, group?.name ?? '', ...said].join('\n').toLowerCase()
    return words.every((word) => text.includes(word))
  })
})

export const pageCount = computed(() => Math.max(1, Math.ceil(found.value.length / perPage.value)))
export const shownPage = computed(() => Math.min(page.value, pageCount.value - 1))
export const shown = computed(() =>
  found.value.slice(shownPage.value * perPage.value, (shownPage.value + 1) * perPage.value),
)

export function show(group: string | undefined): void {
  batch(() => {
    openGroup.value = group
    page.value = 0
    selected.value = new Set()
  })
}

export function search(text: string): void {
  batch(() => {
    query.value = text
    page.value = 0
    selected.value = new Set()
  })
}

let lastPicked: string | undefined

/** Selects or deselects an item; with `range`, all from the one picked before. */
export function pick(id: string, on: boolean, range = false): void {
  const ids = found.peek().map((item) => item.id)
  const from = range && lastPicked !== undefined ? ids.indexOf(lastPicked) : -1
  const to = ids.indexOf(id)
  const between = from < 0 ? [id] : ids.slice(Math.min(from, to), Math.max(from, to) + 1)
  const next = new Set(selected.peek())
  for (const one of between) on ? next.add(one) : next.delete(one)
  selected.value = next
  lastPicked = id
}

export function selectFound(on: boolean): void {
  selected.value = new Set(on ? found.peek().map(({ id }) => id) : [])
}

/** The item before or after the edited one, among those found. */
export function neighbour(step: 1 | -1): Item | undefined {
  const at = found.value.findIndex(({ id }) => id === edited.value)
  return at < 0 ? undefined : found.value[at + step]
}

/** A group is small when the others have more than three times its pictures. */
const FAR_FEWER = 3

export interface Balance {
  group: Group
  count: number
  /** Of the largest group, 0 to 1. */
  share: number
  few: boolean
}

/** How many pictures each group has, and which named ones have far fewer than the others. */
export const balance = computed<Balance[]>(() => {
  const counts = groups.value.map((group) => ({ group, count: itemsOf.value.get(group.id)?.length ?? 0 }))
  const most = Math.max(1, ...counts.map(({ count }) => count))
  return counts.map(({ group, count }) => {
    const others = counts.filter((other) => other.group !== group && other.group.way === 'named' && other.count > 0)
    const few =
      group.way === 'named' && others.length > 0 && count * FAR_FEWER < median(others.map((other) => other.count))
    return { group, count, share: count / most, few }
  })
})

/** What keeps the examples from teaching well, the weightiest first. */
export const advice = computed<string[]>(() => {
  const told: string[] = []
  const filled = balance.value.filter(({ count }) => count > 0)
  for (const { group, count } of filled) {
    if (group.way === 'named' && group.name.trim() === '')
      told.push(
        `Say what the ${count === 1 ? 'picture' : `${count} pictures`} without a name are called: until then they teach nothing.`,
      )
  }
  const unanswered = items.value.filter(
    (item) => groupOf.value.get(item.group)?.way === 'asked' && !isReady(item),
  ).length
  if (unanswered > 0)
    told.push(
      `${unanswered === 1 ? 'One picture has' : `${unanswered} pictures have`} no answer yet and will be left out.`,
    )
  const few = filled.filter((entry) => entry.few).map(({ group }) => group.name)
  if (few.length > 0)
    told.push(
      `Far fewer pictures than the others: ${few.slice(0, 3).join(', ')}${few.length > 3 ? ` and ${few.length - 3} more` : ''}. The model will lean to what it sees more often.`,
    )
  if (filled.length === 1 && filled[0]!.group.way === 'named' && told.length === 0)
    told.push(
      `With one name alone the model learns to say “${filled[0]!.group.name}” to everything. Add a second group of other things.`,
    )
  return told
})

export const isReady = (item: Item): boolean => taught(item, groupOf.value.get(item.group), wording.value).length > 0

function median(counts: number[]): number {
  const sorted = counts.toSorted((a, b) => a - b)
  return sorted[sorted.length >> 1]!
}

/** What is gone is neither open nor selected nor edited. */
effect(() => {
  const known = new Set(items.value.map(({ id }) => id))
  if (openGroup.value !== undefined && !groupOf.value.has(openGroup.value)) openGroup.value = undefined
  if ([...selected.value].some((id) => !known.has(id)))
    selected.value = new Set([...selected.value].filter((id) => known.has(id)))
  if (edited.value !== undefined && !known.has(edited.value)) edited.value = undefined
})
