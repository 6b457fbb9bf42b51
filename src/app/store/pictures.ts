import { signal } from '@preact/signals'
import { showToast } from './panels.ts'

export interface Picture {
  id: string
  name: string
  blob: Blob
  /** Object URL of the blob, for thumbnails. */
  url: string
  alt: string
  /** Questions that suit this picture. */
  questions: string[]
}

export interface Sample {
  file: string
  alt: string
  questions: string[]
}

/** Pictures that will go with the next question. */
export const attached = signal<Picture[]>([])
export const samples = signal<Sample[]>([])

/** The picture that is shown large. */
export const enlarged = signal<Picture | undefined>(undefined)

const MAX_ATTACHED = 8

export const sampleUrl = (sample: Sample): string => new URL(`samples/${sample.file}`, document.baseURI).href

/** Unlike crypto.randomUUID this works on insecure pages too. */
export const newId = (): string => crypto.getRandomValues(new Uint32Array(3)).join('-')

export function makePicture(
  blob: Blob,
  { name, alt, questions = [] }: Partial<Pick<Picture, 'name' | 'alt' | 'questions'>> = {},
): Picture {
  const shown = name ?? (blob instanceof File ? blob.name : 'picture')
  return { id: newId(), name: shown, blob, url: URL.createObjectURL(blob), alt: alt ?? shown, questions }
}

/** Attaches image files; what the browser cannot decode is refused by name. */
export async function attach(blobs: Iterable<Blob>, about: Parameters<typeof makePicture>[1] = {}): Promise<void> {
  for (const blob of blobs) {
    if (attached.peek().length >= MAX_ATTACHED) {
      showToast(`One question takes at most ${MAX_ATTACHED} images. Remove one to add another.`, { tone: 'problem' })
      return
    }
    const picture = makePicture(blob, about)
    try {
      const probe = new Image()
      probe.src = picture.url
      await probe.decode()
      attached.value = [...attached.peek(), picture]
    } catch {
      URL.revokeObjectURL(picture.url)
      showToast(`${picture.name} is not an image that this browser can read. PNG, JPEG, WebP, GIF and AVIF work.`, {
        tone: 'problem',
      })
    }
  }
}

export function detach(id: string): void {
  const gone = attached.peek().find((picture) => picture.id === id)
  if (gone) URL.revokeObjectURL(gone.url)
  attached.value = attached.peek().filter((picture) => picture.id !== id)
}

export async function attachSample(sample: Sample): Promise<void> {
  const response = await fetch(sampleUrl(sample))
  if (!response.ok) {
    showToast(`The sample ${sample.file} could not be read (${response.status}).`, { tone: 'problem' })
    return
  }
  await attach([await response.blob()], { name: sample.file, alt: sample.alt, questions: sample.questions })
}

/** Reads the list of samples; a page without any simply shows none. */
export async function loadSamples(): Promise<void> {
  const response = await fetch(new URL('samples/samples.json', document.baseURI))
  if (response.ok) samples.value = (await response.json()) as Sample[]
}
