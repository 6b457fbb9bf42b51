/** A file and where it lies: its path within a dropped or chosen folder, else its name. */
export interface PathFile {
  path: string
  file: File
}

export interface SortedFiles {
  images: PathFile[]
  /** LLaVA JSON, JSONL and CSV. */
  data: PathFile[]
  /** Neither, and not one of the files that systems put into every folder. */
  others: PathFile[]
}

export function sortFiles(files: PathFile[]): SortedFiles {
  const sorted: SortedFiles = { images: [], data: [], others: [] }
  for (const entry of files) {
    if (/(^|\/)(\.|__MACOSX\/|Thumbs\.db$|desktop\.ini$)/i.test(entry.path)) continue
    if (/\.(json|jsonl|ndjson|csv|tsv)$/i.test(entry.path)) sorted.data.push(entry)
    else if (isImage(entry)) sorted.images.push(entry)
    else sorted.others.push(entry)
  }
  return sorted
}

/** Files whose type is not known by name either are tried as pictures when they have an image type. */
function isImage({ path, file }: PathFile): boolean {
  return file.type.startsWith('image/') || /\.(png|jpe?g|jfif|webp|gif|avif|bmp)$/i.test(path)
}

export const isUrl = (image: string): boolean => /^https?:\/\//i.test(image)

/**
 * Finds the picture that a data file calls `image`: from the data file's folder, from the dropped folder, then by the end of its
 * path and by its bare name, where only one picture fits.
 */
export function imageFinder(images: PathFile[], dataPath: string): (image: string) => PathFile | undefined {
  const byPath = new Map(images.map((entry) => [normalize(entry.path), entry]))
  const byEnding = new Map<string, PathFile | undefined>()
  for (const [path, entry] of byPath) {
    const parts = path.split('/')
    for (let from = 1; from < parts.length; from++) note(byEnding, parts.slice(from).join('/'), entry)
  }
  const folder = dataPath.split('/').slice(0, -1).join('/')
  return (image) => {
    const wanted = normalize(image)
    const name = wanted.split('/').at(-1)!
    return (
      byPath.get(normalize(`${folder}/${image}`)) ??
      byPath.get(wanted) ??
      byEnding.get(wanted) ??
      byPath.get(name) ??
      byEnding.get(name)
    )
  }
}

function note(found: Map<string, PathFile | undefined>, ending: string, entry: PathFile): void {
  found.set(ending, found.has(ending) ? undefined : entry)
}

function normalize(path: string): string {
  const parts: string[] = []
  for (const part of path.replaceAll('\\', '/').split('/')) {
    if (part === '..') parts.pop()
    else if (part !== '' && part !== '.') parts.push(part)
  }
  return parts.join('/')
}
