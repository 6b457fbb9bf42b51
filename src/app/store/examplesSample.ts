import { signal } from '@preact/signals'
import { addFromUrl } from './examplesRead.ts'

const lesson = (): string => new URL('samples/twemoji/lesson.jsonl', document.baseURI).href

/** The lines are shuffled, so the first of them are a fair part: enough for a first lesson of minutes. */
const most = 300

export interface SampleSet {
  /** Examples in it. */
  count: number
  /** Addresses of some of its pictures. */
  pictures: string[]
}

/** The lesson that is there to try; a page without one offers none. */
export const sampleSet = signal<SampleSet | undefined>(undefined)

const PREVIEWS = 8

export async function findSampleSet(): Promise<void> {
  if (sampleSet.peek()) return
  const response = await fetch(lesson()).catch(() => undefined)
  if (!response?.ok) return
  const all = (await response.text()).split('\n').filter((line) => line.trim() !== '')
  const lines = all.slice(0, most)
  const step = Math.max(1, Math.floor(lines.length / PREVIEWS))
  const some = lines.filter((_, index) => index % step === 0).slice(0, PREVIEWS)
  const pictures = some.map((line) => new URL((JSON.parse(line) as { image: string }).image, lesson()).href)
  sampleSet.value = { count: lines.length, pictures: [...new Set(pictures)] }
}

export const addSampleSet = (): Promise<void> => addFromUrl(lesson(), most)
