import { afterAll, beforeEach, expect, test, vi } from 'vitest'
import { readFolders } from '../../train/data/folders.ts'
import { readData } from '../../train/data/read.ts'
import { examples, groups, items } from './examples.ts'
import { imageFinder, sortFiles } from './examplesFiles.ts'
import { addDropped, addFiles, addFromUrl } from './examplesRead.ts'
import { reading, report, stopReading } from './examplesTake.ts'
import { nameless, openGroup, show } from './examplesView.ts'
import { toasts } from './panels.ts'

// Files share a process: the page's modules are loaded anew with the client below, and again without it for those that follow.
vi.hoisted(() => vi.resetModules())
afterAll(() => {
  vi.resetModules()
})

vi.mock('../client.ts', () => ({
  startWorker: () => ({
    client: {
      readData: async (name: string, text: string) => readData(name, text),
      readFolders: async (paths: string[]) => readFolders(paths),
    },
  }),
}))

const file = (path: string, content = 'picture') => ({
  path,
  file: new File([content], path.split('/').at(-1)!, { type: /png$/.test(path) ? 'image/png' : '' }),
})
const called = () =>
  groups.value.map(({ id, name }) => `${name}: ${items.value.filter(({ group }) => group === id).length}`)
const lines = () => report.value?.problems.map(({ where, message }) => `${where} ${message}`)

beforeEach(() => {
  items.value = []
  groups.value = []
  report.value = undefined
  toasts.value = []
  show(undefined)
  vi.stubGlobal('createImageBitmap', async (blob: Blob) => {
    if ((await blob.text()) === 'broken') throw new DOMException('', 'InvalidStateError')
    return { close: () => {} }
  })
})

test('loose pictures make a group that waits for its name, and the next ones join it', async () => {
  await addFiles([file('a.png'), file('b.png'), file('.DS_Store'), file('letter.pdf')])
  expect(called()).toEqual([': 2'])
  expect(openGroup.value).toBe(groups.value[0]!.id)
  expect(nameless.value).toBe(groups.value[0]!.id)
  expect(lines()).toEqual([expect.stringMatching(/^letter.pdf Neither a picture/)])
  await addFiles([file('c.png')])
  expect(called()).toEqual([': 3'])
  expect(report.value).toBeUndefined()
})

test('a folder of folders becomes named groups; what cannot be decoded is named, the rest is added', async () => {
  await addFiles([file('birds/robin/1.png'), file('birds/robin/2.png', 'broken'), file('birds/red_kite/1.png')])
  expect(called().toSorted()).toEqual(['red kite: 1', 'robin: 1'])
  expect(examples.value.map(({ turns }) => turns[0]!.answer).toSorted()).toEqual(['red kite', 'robin'])
  expect(lines()).toEqual([expect.stringMatching(/^birds\/robin\/2.png Not an image/)])
  await addFiles([file('more/Robin/3.png')])
  expect(called().toSorted()).toEqual(['red kite: 1', 'robin: 2'])
})

const LESSON = [
  '{"image": "images/a.png", "question": "What?", "answer": "ant"}',
  'not json',
  '{"image": "images/b.png", "question": "What?", "answer": "bee"}',
  '{"image": "images/a.png", "question": "Where?", "answer": "left"}',
].join('\n')

test('a data file comes with its pictures; the report names bad lines and missing pictures', async () => {
  await addFiles([file('set/lesson.jsonl', LESSON), file('set/images/a.png'), file('set/images/c.png')])
  expect(called()).toEqual(['lesson.jsonl: 2'])
  expect(items.value[0]!.picture).toBe(items.value[1]!.picture)
  expect(lines()).toEqual([
    expect.stringMatching(/^lesson.jsonl:2 This is no JSON/),
    'lesson.jsonl:3 Its picture images/b.png is missing.',
    expect.stringMatching(/^lesson.jsonl No line names one picture beside it, e.g. set\/images\/c.png/),
  ])
})

test('missing pictures can follow: they complete the lines that wait for them', async () => {
  await addFiles([file('lesson.jsonl', LESSON)])
  expect(items.value).toEqual([])
  expect(report.value?.missing[0]?.rows).toHaveLength(3)
  await addFiles([file('a.png'), file('b.png')])
  expect(examples.value.map(({ turns }) => turns[0]!.answer)).toEqual(['ant', 'bee', 'left'])
  expect(report.value).toBeUndefined()
})

test('pictures by address are fetched beside the data file, and what does not answer is named', async () => {
  vi.stubGlobal('fetch', async (url: string) => {
    if (url.endsWith('lesson.jsonl')) return new Response(LESSON)
    return url.endsWith('/images/a.png') ? new Response('picture') : new Response('', { status: 404 })
  })
  await addFromUrl('https://host.example/set/lesson.jsonl')
  expect(examples.value.map(({ turns }) => turns[0]!.answer)).toEqual(['ant', 'left'])
  expect(lines()).toContain('lesson.jsonl:3 https://host.example/set/images/b.png answered 404.')
})

test('a stopped reading keeps what it has, and undo takes it back', async () => {
  let release = () => {}
  const held = new Promise<void>((resolve) => {
    release = resolve
  })
  let decoded = 0
  vi.stubGlobal('createImageBitmap', async () => {
    if (++decoded > 6) await held
    return { close: () => {} }
  })
  const done = addFiles(Array.from({ length: 20 }, (_, i) => file(`${i}.png`)))
  await vi.waitFor(() => expect(decoded).toBeGreaterThan(6))
  expect(reading.value?.total).toBe(20)
  stopReading()
  release()
  await done
  expect(items.value.length).toBeGreaterThan(0)
  expect(items.value.length).toBeLessThan(20)
  expect(reading.value).toBeUndefined()
  expect(toasts.value.at(-1)!.text).toContain('before you stopped')
  toasts.value.at(-1)!.action!.run()
  expect([items.value, groups.value]).toEqual([[], []])
})

test('what is dropped on a group joins it', async () => {
  await addFiles([file('birds/robin/1.png')])
  const tile = { closest: () => ({ dataset: { group: groups.value[0]!.id } }) } as unknown as Element
  await addDropped([file('x.png')], tile)
  expect(called()).toEqual(['robin: 2'])
})

test('files are sorted by what they are; a picture is found from the data file, the folder, or by a name that fits only one', () => {
  const { images, data, others } = sortFiles([
    file('a/.hidden.png'),
    file('__MACOSX/a.png'),
    file('a/1.png'),
    file('b/1.png'),
    file('b/2.jpg'),
    file('b/x.csv'),
    file('b/read.me'),
  ])
  expect([images.length, data.length, others.length]).toEqual([3, 1, 1])
  const find = imageFinder(images, 'b/x.csv')
  expect(find('1.png')?.path).toBe('b/1.png')
  expect(find('./../a/1.png')?.path).toBe('a/1.png')
  expect(find('a\\1.png')?.path).toBe('a/1.png')
  expect(find('somewhere/else/2.jpg')?.path).toBe('b/2.jpg')
  expect(imageFinder(images, 'x.csv')('1.png')).toBeUndefined()
})
