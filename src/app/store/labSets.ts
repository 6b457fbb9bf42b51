import { signal } from '@preact/signals'
import type { EvaluationQuestion } from '../../evaluationApi.ts'
import type { DataProblem, DataRow } from '../../teachApi.ts'
import { PageError } from '../protocol.ts'
import { wording } from './examples.ts'
import { imageFinder, isUrl, type PathFile, sortFiles } from './examplesFiles.ts'
import { explain, fetchBlob } from './examplesTake.ts'
import { showPicture } from './lab.ts'
import { client } from './model.ts'
import { showToast } from './panels.ts'
import { makePicture, newId } from './pictures.ts'

/** Questions with their answers, and how to get the images that they are about. */
export interface QuestionSet {
  id: string
  name: string
  questions: EvaluationQuestion[]
  open(image: string, signal: AbortSignal): Promise<Blob>
  /** What of it cannot be asked. */
  problems: DataProblem[]
}

/** Sets that were dropped or chosen here. */
export const ownSets = signal<QuestionSet[]>([])
/** The set that is asked: the embedded one unless the user chose another. */
export const chosenSet = signal('embedded')

const embeddedFile = (): string => new URL('models/pocket/eval/eval.jsonl', document.baseURI).href

let embedded: Promise<QuestionSet> | undefined

/** The embedded model's evaluation set: scenes that it was never trained on. Throws where it cannot be had. */
export function embeddedSet(): Promise<QuestionSet> {
  embedded ??= readEmbedded()
  embedded.catch(() => {
    embedded = undefined
  })
  return embedded
}

async function readEmbedded(): Promise<QuestionSet> {
  const file = embeddedFile()
  const text = await fetch(file).then(
    (response) => (response.ok ? response.text() : undefined),
    () => undefined,
  )
  if (text === undefined)
    throw new PageError(
      'network',
      'The embedded questions are not here without the network. Go online, or take your own.',
    )
  const { rows, problems } = await client().readData('eval.jsonl', text)
  const open = (image: string, signal: AbortSignal) => fetchBlob(new URL(image, file).href, signal)
  return { id: 'embedded', name: 'Scenes', questions: questionsOf(rows), open, problems }
}

/** Takes what was dropped on the Lab: one picture is asked about, anything more is a set of questions. */
export async function takeDropped(files: PathFile[]): Promise<void> {
  const { images, data } = sortFiles(files)
  const [first] = images
  if (data.length === 0 && images.length === 1 && first && !first.path.includes('/'))
    return showPicture(makePicture(first.file))
  await takeSet(files)
}

/** Makes a set of a data file with its pictures, or of a folder of folders. */
export async function takeSet(files: PathFile[]): Promise<void> {
  const { images, data } = sortFiles(files)
  const problems: DataProblem[] = []
  const rows: (DataRow & { source?: PathFile })[] = []
  try {
    for (const { path, file } of data) {
      const read = await client().readData(file.name, await file.text())
      const find = imageFinder(images, path)
      problems.push(...read.problems)
      for (const row of read.rows) {
        const source = isUrl(row.image) ? undefined : find(row.image)
        if (source || isUrl(row.image)) rows.push({ ...row, source, image: source?.path ?? row.image })
        else problems.push({ where: row.name, message: `Its picture ${row.image} is missing.` })
      }
    }
    if (data.length === 0) rows.push(...(await rowsOfFolders(images, problems)))
  } catch (error) {
    problems.push({ where: data[0]?.path ?? 'The files', message: explain(error) })
  }
  const questions = questionsOf(rows)
  if (questions.length === 0) {
    const { where, message } = problems[0] ?? { where: 'The files', message: 'They hold no question with its picture.' }
    showToast(`${where}: ${message}`, { tone: 'problem' })
    return
  }
  const sources = new Map(rows.flatMap(({ image, source }) => (source ? [[image, source.file] as const] : [])))
  const open = async (image: string, signal: AbortSignal) => sources.get(image) ?? fetchBlob(image, signal)
  const name = data[0]?.file.name ?? images[0]!.path.split('/')[0]!
  const set = { id: newId(), name, questions, open, problems }
  ownSets.value = [...ownSets.peek(), set]
  chosenSet.value = set.id
}

async function rowsOfFolders(images: PathFile[], problems: DataProblem[]) {
  const { question, answer, short } = wording.peek()
  const asked = short ? `${question}\nAnswer the question using a single word or phrase.` : question
  const inFolders = images.filter(({ path }) => path.includes('/'))
  const read = await client().readFolders(
    inFolders.map(({ path }) => path),
    { question: asked, answer },
  )
  problems.push(...read.problems)
  const byPath = new Map(inFolders.map((entry) => [entry.path, entry]))
  return read.rows.map((row) => ({ ...row, source: byPath.get(row.image) }))
}

/** Each round of a row asked by itself, those about one image together. */
export function questionsOf(rows: readonly DataRow[]): EvaluationQuestion[] {
  const byImage = new Map<string, EvaluationQuestion[]>(rows.map(({ image }) => [image, []]))
  for (const { image, turns, kind = 'any' } of rows)
    byImage.get(image)!.push(...turns.map(({ question, answer }) => ({ image, question, answer, kind })))
  return [...byImage.values()].flat()
}

/** About `count` of the questions: all those about some images, which are evenly spread over the set. */
export function spread(questions: readonly EvaluationQuestion[], count: number): EvaluationQuestion[] {
  if (count >= questions.length) return [...questions]
  const images = [...new Set(questions.map(({ image }) => image))]
  const wanted = Math.max(1, Math.round((count * images.length) / questions.length))
  const chosen = new Set(Array.from({ length: wanted }, (_, i) => images[Math.floor((i * images.length) / wanted)]!))
  return questions.filter(({ image }) => chosen.has(image))
}
