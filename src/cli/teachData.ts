import { openAsBlob } from 'node:fs'
import { readdir, readFile, stat } from 'node:fs/promises'
import { basename, dirname, join, relative, resolve } from 'node:path'
import {
  BeagleError,
  type DataProblem,
  type DataReport,
  type DataRow,
  folderTemplates,
  readData,
  readFolders,
  type TeachExample,
} from '../index.ts'
import { whyUnread } from './question.ts'

export interface DataFlags {
  data: string
  /** Templates for a folder of folders. */
  question?: string
  answer?: string
}

/** Images that are looked up at the same time. */
const atOnce = 8

/**
 * The examples of a data file or of a folder of folders, with what is wrong in either. Image files are found now and read when they
 * are needed; images from the web are fetched now. Throws where nothing at all can be read.
 */
export async function readExamples(
  flags: DataFlags,
  signal: AbortSignal,
): Promise<{ examples: TeachExample[]; problems: DataProblem[] }> {
  const { report, folder } = await readReport(flags)
  const images = new Map(report.rows.map(({ image }) => [image, undefined as Blob | string | undefined]))
  const waiting = [...images.keys()]
  const work = async () => {
    for (let image = waiting.pop(); image !== undefined; image = waiting.pop()) {
      images.set(image, await openImage(image, folder, signal).catch((error: Error) => error.message))
      if (signal.aborted) throw new BeagleError('aborted', 'Stopped on request.')
    }
  }
  await Promise.all(Array.from({ length: atOnce }, work))
  const problems = [...report.problems]
  const examples: TeachExample[] = []
  for (const row of report.rows) {
    const image = images.get(row.image)
    if (image instanceof Blob) examples.push(exampleOf(row, image))
    else problems.push({ where: row.name, message: image ?? '' })
  }
  const byLine = new Intl.Collator('en', { numeric: true })
  return { examples, problems: problems.sort((a, b) => byLine.compare(a.where, b.where)) }
}

const exampleOf = ({ turns, name, kind }: DataRow, image: Blob): TeachExample => ({ image, turns, name, kind })

async function readReport({ data, question, answer }: DataFlags): Promise<{ report: DataReport; folder: string }> {
  const unread = (cause: NodeJS.ErrnoException) => {
    throw new BeagleError(cause.code === 'ENOENT' ? 'not-found' : 'bad-file', whyUnread('data', data, cause), { cause })
  }
  if ((await stat(data).catch(unread)).isDirectory()) {
    const entries = await readdir(data, { recursive: true, withFileTypes: true }).catch(unread)
    const paths = entries
      .filter((entry) => entry.isFile())
      .map((entry) => relative(data, join(entry.parentPath, entry.name)))
    const templates = { question: question ?? folderTemplates.question, answer: answer ?? folderTemplates.answer }
    return { report: readFolders(paths, templates), folder: data }
  }
  if (question !== undefined || answer !== undefined)
    throw new BeagleError(
      'bad-argument',
      `--question and --answer are for a folder of folders, but "${data}" is a file. Leave them out.`,
    )
  return { report: readData(basename(data), await readFile(data, 'utf8').catch(unread)), folder: dirname(data) }
}

/** An image as a blob. Throws an error whose message is one for the user. */
async function openImage(image: string, folder: string, signal: AbortSignal): Promise<Blob> {
  if (/^https?:/i.test(image)) return fetchImage(image, signal)
  const path = resolve(folder, image)
  const found = await stat(path).catch((error) => {
    throw new Error(whyUnread('image', image, error))
  })
  if (!found.isFile()) throw new Error(`"${image}" is no file. Name an image file.`)
  return openAsBlob(path)
}

async function fetchImage(url: string, signal: AbortSignal): Promise<Blob> {
  const response = await fetch(url, { signal }).catch((error: Error) => {
    throw new Error(`${url} cannot be fetched: ${(error.cause as Error | undefined)?.message ?? error.message}.`)
  })
  if (!response.ok) throw new Error(`${url} cannot be fetched: the server answers ${response.status}.`)
  return response.blob()
}
