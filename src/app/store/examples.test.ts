import { beforeEach, expect, test, vi } from 'vitest'
import { examples, groups, items, newPicture, ownWording, SHORT_ANSWER, splitQuestion } from './examples.ts'
import {
  addGroup,
  addItems,
  changeItem,
  changeWay,
  deleteAll,
  deleteGroup,
  deleteItems,
  duplicateItems,
  groupNamed,
  moveItems,
  renameGroup,
} from './examplesEdit.ts'
import { differences } from './examplesKept.ts'
import { undoLast } from './examplesUndo.ts'
import { advice, balance, found, openGroup, pageCount, pick, search, selected, show, shown } from './examplesView.ts'
import { toasts } from './panels.ts'

const fill = (group: string, count: number, name = 'p') =>
  addItems(
    Array.from({ length: count }, (_, i) => ({
      picture: newPicture(new Blob([])),
      name: `${name}${i}`,
      group,
      turns: [],
    })),
  )

const names = () => items.value.map(({ name }) => name)
const undo = () => toasts.value.at(-1)!.action!.run()

beforeEach(() => {
  vi.useFakeTimers()
  items.value = []
  groups.value = []
  toasts.value = []
  ownWording.value = { question: null, answer: null, short: null }
  search('')
  show(undefined)
})

test('a named picture teaches its group’s name in the wording that suits the embedded model', () => {
  const robin = addGroup('', 'named')
  fill(robin.id, 2)
  expect(examples.value).toEqual([])
  renameGroup(robin.id, ' robin ')
  expect(examples.value.map(({ turns }) => turns)).toEqual([
    [{ question: `What is this?${SHORT_ANSWER}`, answer: 'robin' }],
    [{ question: `What is this?${SHORT_ANSWER}`, answer: 'robin' }],
  ])
  expect(examples.value[0]).toMatchObject({ name: 'p0', kind: ' robin ' })
  ownWording.value = { question: 'Is it a {name}?', answer: 'A {name}.', short: false }
  expect(examples.value[0]!.turns).toEqual([{ question: 'Is it a robin?', answer: 'A robin.' }])
})

test('own questions count instead of the name, and only with an answer', () => {
  const robin = addGroup('robin', 'named')
  const [item] = fill(robin.id, 1)
  changeItem(item!.id, {
    turns: [
      { question: 'Color?', answer: 'red' },
      { question: 'Size?', answer: ' ' },
    ],
  })
  expect(examples.value[0]!.turns).toEqual([{ question: 'Color?', answer: 'red' }])
  changeItem(item!.id, { turns: [{ question: 'Color?', answer: '' }] })
  expect(examples.value).toEqual([])
})

test('a group changes from a name to questions and back without losing what was written', () => {
  const robin = addGroup('robin', 'named')
  const [first, second] = fill(robin.id, 2)
  changeWay(robin.id, 'asked')
  expect(items.value[0]!.turns).toEqual([{ question: `What is this?${SHORT_ANSWER}`, answer: 'robin' }])
  changeItem(second!.id, { turns: [{ question: 'Where?', answer: 'left' }] })
  changeWay(robin.id, 'named')
  expect(items.value.find(({ id }) => id === first!.id)!.turns).toEqual([])
  expect(items.value.find(({ id }) => id === second!.id)!.turns).toEqual([{ question: 'Where?', answer: 'left' }])
})

test('a moved picture takes the new name; among questions it keeps the old one as its answer', () => {
  const robin = addGroup('robin', 'named')
  const wren = addGroup('wren', 'named')
  const asked = addGroup('mixed', 'asked')
  const [item] = fill(robin.id, 1)
  const only = new Set([item!.id])
  moveItems(only, wren.id)
  expect(examples.value[0]!.turns[0]!.answer).toBe('wren')
  moveItems(only, asked.id)
  expect(examples.value[0]!.turns[0]!.answer).toBe('wren')
  undo()
  expect(items.value[0]).toMatchObject({ group: wren.id, turns: [] })
})

test('what was deleted comes back to its place', () => {
  const robin = addGroup('robin', 'named')
  const made = fill(robin.id, 4)
  deleteItems(new Set([made[1]!.id, made[2]!.id]))
  expect(names()).toEqual(['p0', 'p3'])
  undo()
  expect(names()).toEqual(['p0', 'p1', 'p2', 'p3'])
  addGroup('wren', 'named')
  deleteGroup(robin.id)
  expect(names()).toEqual([])
  undo()
  expect(groups.value.map(({ name }) => name)).toEqual(['robin', 'wren'])
  expect(names()).toHaveLength(4)
  deleteAll()
  expect(groups.value).toEqual([])
  undo()
  expect(examples.value).toHaveLength(4)
})

test('an undo after its group was deleted brings the pictures back without a name', () => {
  const robin = addGroup('robin', 'named')
  const [item] = fill(robin.id, 1)
  deleteItems(new Set([item!.id]))
  const bringBack = toasts.value.at(-1)!.action!
  deleteGroup(robin.id)
  bringBack.run()
  expect(groups.value).toEqual([{ id: robin.id, name: '', way: 'named' }])
  expect(items.value).toHaveLength(1)
})

test('steps are undone one by one, the latest first; only one offer is on show', () => {
  const robin = addGroup('robin', 'named')
  const wren = addGroup('wren', 'named')
  const made = fill(robin.id, 3)
  deleteItems(new Set([made[0]!.id]))
  moveItems(new Set([made[1]!.id]), wren.id)
  expect(toasts.value.filter(({ action }) => action)).toHaveLength(1)
  expect(undoLast()).toBe(true)
  expect(items.value.map(({ group }) => group)).toEqual([robin.id, robin.id])
  expect(undoLast()).toBe(true)
  expect(names()).toEqual(['p0', 'p1', 'p2'])
  expect(toasts.value.filter(({ action }) => action)).toHaveLength(0)
  while (undoLast());
  expect(undoLast()).toBe(false)
})

test('a caption has no question, and so none that asks for a short answer', () => {
  ownWording.value = { question: '', answer: 'a {name}', short: true }
  fill(addGroup('robin', 'named').id, 1)
  expect(examples.value[0]!.turns).toEqual([{ question: '', answer: 'a robin' }])
})

test('copies stand behind their originals, share the picture and stay there', () => {
  const { id } = addGroup('robin', 'named')
  const made = fill(id, 3)
  const copies = duplicateItems(new Set([made[0]!.id, made[2]!.id]))
  expect(names()).toEqual(['p0', 'p0', 'p1', 'p2', 'p2'])
  expect(items.value[1]!.picture).toBe(items.value[0]!.picture)
  expect(copies.map((copy) => copy.id)).toEqual([items.value[1]!.id, items.value[4]!.id])
  const ranks = items.value.map(({ rank }) => rank)
  expect(ranks).toEqual(ranks.toSorted((a, b) => a - b))
  expect(new Set(ranks).size).toBe(5)
})

test('a group is found by its name and way', () => {
  const robin = addGroup('Robin', 'named')
  expect(groupNamed('robin ', 'named')).toBe(robin)
  expect(groupNamed('robin', 'asked').id).not.toBe(robin.id)
})

test('the balance names groups that are far smaller than the others', () => {
  for (const [name, count] of [
    ['robin', 12],
    ['wren', 10],
    ['owl', 3],
  ] as const)
    fill(addGroup(name, 'named').id, count)
  expect(balance.value.map(({ few }) => few)).toEqual([false, false, true])
  expect(balance.value.map(({ share }) => share)).toEqual([1, 10 / 12, 0.25])
  expect(advice.value).toEqual([expect.stringContaining('owl')])
})

test('advice tells of pictures without a name or an answer, and of a single name', () => {
  const { id } = addGroup('', 'named')
  fill(id, 5)
  expect(advice.value).toEqual([expect.stringContaining('5 pictures without a name')])
  renameGroup(id, 'robin')
  expect(advice.value).toEqual([expect.stringContaining('“robin” to everything')])
  fill(addGroup('quiz', 'asked').id, 1)
  expect(advice.value).toEqual([expect.stringContaining('One picture has no answer yet')])
})

test('a thousand examples come by pages, and the search finds names, questions and answers', () => {
  const robin = addGroup('robin', 'named')
  const [first] = fill(robin.id, 1000)
  fill(addGroup('wren', 'named').id, 2, 'w')
  expect(shown.value).toHaveLength(30)
  expect(pageCount.value).toBe(34)
  search('WREN w1')
  expect(found.value.map(({ name }) => name)).toEqual(['w1'])
  changeItem(first!.id, { turns: [{ question: 'Which beak?', answer: 'short' }] })
  search('beak')
  expect(found.value.map(({ id }) => id)).toEqual([first!.id])
  search('single word')
  expect(found.value).toEqual([])
})

test('a range is selected from the last pick on; what is deleted is no longer selected', () => {
  const { id } = addGroup('robin', 'named')
  const made = fill(id, 6)
  pick(made[1]!.id, true)
  pick(made[4]!.id, true, true)
  expect(selected.value.size).toBe(4)
  deleteItems(new Set([made[2]!.id]))
  expect(selected.value.size).toBe(3)
  show(id)
  expect(selected.value.size).toBe(0)
  deleteGroup(id)
  expect(openGroup.value).toBeUndefined()
})

test('only what changed is written, each picture once', () => {
  const { id } = addGroup('robin', 'named')
  const [a, b] = fill(id, 2)
  const before = new Map(items.value.map((item) => [item.id, item]))
  const [copy] = duplicateItems(new Set([a!.id]))
  changeItem(b!.id, { name: 'renamed' })
  const middle = new Map(items.value.map((item) => [item.id, item]))
  expect(differences(new Map(), before).map(([key]) => key)).toEqual([
    `picture/${a!.picture.id}`,
    `picture/${b!.picture.id}`,
    `item/${a!.id}`,
    `item/${b!.id}`,
  ])
  expect(differences(before, middle)).toEqual([
    [`item/${copy!.id}`, { ...copy, picture: a!.picture.id }],
    [`item/${b!.id}`, { ...b, name: 'renamed', picture: b!.picture.id }],
  ])
  deleteItems(new Set([a!.id]))
  const after = new Map(items.value.map((item) => [item.id, item]))
  expect(differences(middle, after)).toEqual([[`item/${a!.id}`, undefined]])
  expect(differences(after, new Map()).map(([key]) => key)).toContain(`picture/${a!.picture.id}`)
})

test('a question is split from its request for a short answer', () => {
  expect(splitQuestion(`Where?${SHORT_ANSWER}`)).toEqual({ text: 'Where?', short: true })
  expect(splitQuestion('Where?')).toEqual({ text: 'Where?', short: false })
})
