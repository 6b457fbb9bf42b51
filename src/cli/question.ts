import { readFile } from 'node:fs/promises'
import { BeagleError, type ContentPart, decodeImage, type Message, type RgbImage } from '../index.ts'
import type { QuestionFlags } from './options.ts'

/** Reads and decodes an image file; every error names the file. */
export async function readImage(path: string): Promise<RgbImage> {
  const bytes = await readFile(path).catch((cause: NodeJS.ErrnoException) => {
    throw new BeagleError(cause.code === 'ENOENT' ? 'not-found' : 'bad-file', whyUnread('image', path, cause), {
      cause,
    })
  })
  try {
    return await decodeImage(bytes)
  } catch (error) {
    if (!(error instanceof BeagleError)) throw error
    throw new BeagleError(error.code, `${path}: ${error.message}`, { cause: error })
  }
}

/** One sentence on why a file cannot be read, and what to do. */
export function whyUnread(what: string, path: string, { code, message }: NodeJS.ErrnoException): string {
  if (code === 'ENOENT' || code === 'ENOTDIR') return `There is no ${what} file "${path}". Check the path.`
  if (code === 'EISDIR') return `"${path}" is a folder, but one ${what} file is needed. Give its path.`
  if (code === 'EACCES') return `The ${what} file "${path}" may not be read. Check its permissions.`
  return `The ${what} file "${path}" cannot be read: ${message}. Check the path.`
}

/** The system message if there is one, and the user's message with all images before the text. */
export async function question(flags: QuestionFlags, prompt: string): Promise<Message[]> {
  const images = await Promise.all((flags.image ?? []).map(readImage))
  const content: ContentPart[] = [
    ...images.map((image): ContentPart => ({ type: 'image', image })),
    { type: 'text', text: prompt },
  ]
  const system: Message[] = flags.system === undefined ? [] : [{ role: 'system', content: flags.system }]
  return [...system, { role: 'user', content }]
}
