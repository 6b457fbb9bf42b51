import { batch } from '@preact/signals'
import type { Exchange } from '../../teachApi.ts'
import { type Group, groupOf, groups, type Item, items, joinQuestion, taught, wording } from './examples.ts'
import { undoable } from './examplesUndo.ts'
import { announcement } from './panels.ts'
import { newId } from './pictures.ts'

/** What there is to know of a new item; its place is the end. */
export type NewItem = Omit<Item, 'id' | 'rank'>

export function addGroup(name: string, way: Group['way']): Group {
  const group: Group = { id: newId(), name, way }
  groups.value = [...groups.peek(), group]
  return group
}

/** The group of that name and way, made where there is none. */
export function groupNamed(name: string, way: Group['way']): Group {
  const same = (group: Group) => group.way === way && group.name.trim().toLowerCase() === name.trim().toLowerCase()
  return groups.peek().find(same) ?? addGroup(name, way)
}

export function addItems(added: NewItem[]): Item[] {
  const first = (items.peek().at(-1)?.rank ?? 0) + 1
  const made = added.map((item, index): Item => ({ ...item, id: newId(), rank: first + index }))
  items.value = [...items.peek(), ...made]
  return made
}

export function changeItem(id: string, change: Partial<Pick<Item, 'turns' | 'name'>>): void {
  items.value = items.peek().map((item) => (item.id === id ? { ...item, ...change } : item))
}

export function renameGroup(id: string, name: string): void {
  changeGroup(id, { name })
}

/** Gives every picture of a group a question of its own, beginning with what it taught before, or goes back to one name for all. */
export function changeWay(id: string, way: Group['way']): void {
  const group = groupOf.peek().get(id)
  if (!group || group.way === way) return
  batch(() => {
    if (way === 'asked') {
      items.value = items.peek().map((item) => (item.group === id ? { ...item, turns: explicit(item) } : item))
    } else {
      const implied = taught({ turns: [] }, { ...group, way: 'named' }, wording.peek())
      const sameAsName = (item: Item) => item.group === id && JSON.stringify(item.turns) === JSON.stringify(implied)
      items.value = items.peek().map((item) => (sameAsName(item) ? { ...item, turns: [] } : item))
    }
    changeGroup(id, { way })
  })
}

/** Moves items to a group. Those that took the name of theirs take the new one's name; where there is none, they keep what they taught. */
export function moveItems(ids: ReadonlySet<string>, to: string): void {
  const target = groupOf.peek().get(to)
  if (!target) return
  const before = items.peek().filter((item) => ids.has(item.id) && item.group !== to)
  if (before.length === 0) return
  items.value = items.peek().map((item) => {
    if (!ids.has(item.id) || item.group === to) return item
    return { ...item, group: to, turns: target.way === 'asked' ? explicit(item) : item.turns }
  })
  const was = new Map(before.map((item) => [item.id, item]))
  undoable(`${howMany(before.length)} moved to ${target.name || 'the group without a name'}.`, () => {
    items.value = items.peek().map((item) => was.get(item.id) ?? item)
    giveGroups(before)
  })
}

/** Copies stand right behind their originals and show the same picture. */
export function duplicateItems(ids: ReadonlySet<string>): Item[] {
  const all = items.peek()
  const copies: Item[] = []
  items.value = all.flatMap((item, index) => {
    if (!ids.has(item.id)) return [item]
    const next = all[index + 1]?.rank ?? item.rank + 1
    const copy: Item = { ...item, id: newId(), rank: (item.rank + next) / 2 }
    copies.push(copy)
    return [item, copy]
  })
  announcement.value = `${howMany(copies.length)} duplicated.`
  return copies
}

export function deleteItems(ids: ReadonlySet<string>): void {
  const gone = items.peek().filter((item) => ids.has(item.id))
  if (gone.length === 0) return
  items.value = items.peek().filter((item) => !ids.has(item.id))
  undoable(`${howMany(gone.length)} deleted.`, () => restore(gone))
}

export function deleteGroup(id: string): void {
  const group = groupOf.peek().get(id)
  if (!group) return
  const place = groups.peek().indexOf(group)
  const gone = items.peek().filter((item) => item.group === id)
  batch(() => {
    groups.value = groups.peek().filter((other) => other !== group)
    items.value = items.peek().filter((item) => item.group !== id)
  })
  const what = group.name.trim() === '' ? 'The group' : `The group ${group.name}`
  undoable(`${what} was deleted${gone.length > 0 ? ` with ${howMany(gone.length)}` : ''}.`, () => {
    groups.value = groups.peek().toSpliced(place, 0, group)
    restore(gone)
  })
}

export function deleteAll(): void {
  const before = { groups: groups.peek(), items: items.peek() }
  batch(() => {
    groups.value = []
    items.value = []
  })
  undoable(`All ${howMany(before.items.length)} were deleted.`, () => {
    groups.value = [...before.groups, ...groups.peek()]
    restore(before.items)
  })
}

/** An empty exchange to fill in, worded like the others. */
export function newExchange(): Exchange {
  const { question, short } = wording.peek()
  return { question: joinQuestion(question.includes('{name}') ? '' : question, short), answer: '' }
}

export const howMany = (count: number): string => (count === 1 ? '1 example' : `${count.toLocaleString('en')} examples`)

function explicit(item: Pick<Item, 'turns' | 'group'>): Exchange[] {
  return item.turns.length > 0 ? item.turns : taught(item, groupOf.peek().get(item.group), wording.peek())
}

function changeGroup(id: string, change: Partial<Group>): void {
  groups.value = groups.peek().map((group) => (group.id === id ? { ...group, ...change } : group))
}

function restore(gone: Item[]): void {
  const ids = new Set(items.peek().map(({ id }) => id))
  const back = gone.filter(({ id }) => !ids.has(id))
  items.value = [...items.peek(), ...back].sort((a, b) => a.rank - b.rank)
  giveGroups(back)
}

/** Items whose group is gone get it back, without a name: an undo may come after the deletion of a group. */
export function giveGroups(back: Item[]): void {
  const known = new Set(groups.peek().map(({ id }) => id))
  const lost = new Set(back.map(({ group }) => group).filter((id) => !known.has(id)))
  groups.value = [...groups.peek(), ...[...lost].map((id): Group => ({ id, name: '', way: 'named' }))]
}
