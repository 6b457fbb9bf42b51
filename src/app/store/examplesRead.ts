import type { DataRow } from '../../teachApi.ts'
import { type Group, groupOf, newPicture, wording } from './examples.ts'
import { addGroup, addItems, groupNamed } from './examplesEdit.ts'
import { imageFinder, isUrl, type PathFile, sortFiles } from './examplesFiles.ts'
import { type Candidate, explain, fetchBlob, inTurn, type Lot, type Missing, report, take } from './examplesTake.ts'
import { nameless, openGroup } from './examplesView.ts'
import { client } from './model.ts'

const NOT_USED = 'Neither a picture nor a data file (.json, .jsonl, .csv); left out.'

/** Makes examples of dropped, pasted or chosen files: pictures, folders of them, and data files with their pictures. Loose pictures join the group `into`, else the open one, else a new one. */
export function addFiles(files: PathFile[], into = openGroup.peek()): Promise<void> {
  return inTurn(async (signal) => {
    const { images, data, others } = sortFiles(files)
    const left = others.map(({ path }) => ({ where: path, message: NOT_USED }))
    const waiting = report.peek()?.missing ?? []
    const wanted = waiting.some(({ file, rows }) => rows.some(({ image }) => imageFinder(images, file)(image)))
    let lot: Lot
    if (data.length > 0) lot = await fromData(data, images)
    else if (wanted) lot = ofMissing(waiting, images)
    else lot = await fromPictures(images, into)
    lot.problems.push(...left)
    await take(sourceName(files), lot, signal)
  })
}

/** What was dropped on a group joins it. */
export function addDropped(files: PathFile[], on?: Element): Promise<void> {
  return addFiles(files, on?.closest<HTMLElement>('[data-group]')?.dataset.group)
}

/** Reads a data file by its address, with its pictures beside it. */
export function addFromUrl(url: string, most = Number.POSITIVE_INFINITY): Promise<void> {
  return inTurn(async (signal) => {
    const file = url.split('/').at(-1)!
    const text = await (await fetchBlob(url, signal)).text()
    const { rows, problems } = await client().readData(file, text)
    const place = (image: string) => new URL(image, url).href
    const candidates = rows.slice(0, most).map((row) => fromRow(row, file, fromAddress(place(row.image))))
    await take(file, { candidates, problems, missing: [] }, signal)
  })
}

/** Blobs that are known to be pictures, e.g. from the camera; `first` is the number in the first one's name. */
export function addBlobs(blobs: Blob[], name: string, { id: group }: Group, first = 1): void {
  addItems(
    blobs.map((blob, index) => ({ picture: newPicture(blob), name: `${name} ${first + index}`, group, turns: [] })),
  )
}

async function fromData(data: PathFile[], images: PathFile[]): Promise<Lot> {
  const lot: Lot = { candidates: [], problems: [], missing: [] }
  const used = new Set<PathFile>()
  for (const { path, file } of data) {
    let rows: DataRow[]
    try {
      const read = await client().readData(file.name, await file.text())
      rows = read.rows
      lot.problems.push(...read.problems)
    } catch (error) {
      lot.problems.push({ where: path, message: explain(error) })
      continue
    }
    addRows(lot, rows, path, images, used)
  }
  const unused = images.filter((image) => !used.has(image))
  if (unused.length > 0) {
    const some = unused.slice(0, 3).map(({ path }) => path)
    const message = `No line names ${unused.length === 1 ? 'one picture' : `${unused.length.toLocaleString('en')} pictures`} beside it, e.g. ${some.join(', ')}. Add them without the data file to teach them as well.`
    lot.problems.push({ where: sourceName(data), message })
  }
  return lot
}

function ofMissing(missing: Missing[], images: PathFile[]): Lot {
  const lot: Lot = { candidates: [], problems: [], missing: [] }
  for (const { file, rows } of missing) addRows(lot, rows, file, images, new Set())
  return lot
}

function addRows(lot: Lot, rows: DataRow[], path: string, images: PathFile[], used: Set<PathFile>): void {
  const find = imageFinder(images, path)
  const absent: DataRow[] = []
  for (const row of rows) {
    const image = isUrl(row.image) ? undefined : find(row.image)
    if (image) used.add(image)
    if (image) lot.candidates.push(fromRow(row, path, fromPath(image)))
    else if (isUrl(row.image)) lot.candidates.push(fromRow(row, path, fromAddress(row.image)))
    else absent.push(row)
  }
  if (absent.length > 0) lot.missing.push({ file: path, rows: absent })
  for (const { name, image } of absent) lot.problems.push({ where: name, message: `Its picture ${image} is missing.` })
}

async function fromPictures(images: PathFile[], into: string | undefined): Promise<Lot> {
  const loose = images.filter(({ path }) => !path.includes('/'))
  const lot = await fromFolders(images.filter(({ path }) => path.includes('/')))
  const group = once(() => groupOf.peek().get(into ?? '') ?? unnamed())
  lot.candidates.push(...loose.map((entry) => fromFile(entry, entry.path, group)))
  return lot
}

async function fromFolders(images: PathFile[]): Promise<Lot> {
  if (images.length === 0) return { candidates: [], problems: [], missing: [] }
  const { question, answer } = wording.peek()
  const paths = images.map(({ path }) => path)
  const { rows, problems } = await client().readFolders(paths, { question, answer })
  const byPath = new Map(images.map((entry) => [entry.path, entry]))
  const candidates = rows.flatMap((row) => {
    const entry = byPath.get(row.image)
    const name = row.kind ?? row.image.split('/').at(-2) ?? ''
    return entry ? [fromFile(entry, row.name, () => groupNamed(name, 'named'))] : []
  })
  return { candidates, problems, missing: [] }
}

type Opened = Pick<Candidate, 'key' | 'open'>

const fromPath = ({ path, file }: PathFile): Opened => ({ key: path, open: async () => file })
const fromAddress = (url: string): Opened => ({ key: url, open: (signal) => fetchBlob(url, signal) })

function fromRow({ name, turns, kind }: DataRow, file: string, opened: Opened): Candidate {
  const title = kind ?? file.split('/').at(-1)!
  return { where: name, name, turns, group: () => groupNamed(title, 'asked'), ...opened }
}

function fromFile(entry: PathFile, where: string, group: () => Group): Candidate {
  return { where, name: entry.file.name, turns: [], group, ...fromPath(entry) }
}

function unnamed(): Group {
  const group = addGroup('', 'named')
  nameless.value = group.id
  return group
}

function once<T>(make: () => T): () => T {
  let made: T | undefined
  return () => (made ??= make())
}

const sourceName = (files: PathFile[]): string => {
  const [first] = files
  if (!first) return 'nothing'
  if (files.length === 1) return first.file.name
  const folder = first.path.split('/')[0]!
  return first.path.includes('/') ? folder : `${files.length} files`
}
