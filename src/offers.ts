import type { ByteSource, ModelFiles } from './checkpoint/byteSource.ts'
import type { KeptFiles } from './checkpoint/keptFiles.ts'
import { RunningHash } from './checkpoint/runningHash.ts'
import { BeagleError } from './errors.ts'
import type { OfferedProjector } from './teachApi.ts'

const folder = 'projectors'
const index = `${folder}/index.json`

/** Bytes that are asked for at once, and thus between two reports. */
const pieceBytes = 256 * 1024

/** Where a model's files lie, and where what came over the network is kept. */
export interface Beside {
  /** Not through the model's cache, which is complete once the model is. */
  files: ModelFiles
  /** The browser's storage; none where the files are on this machine. */
  kept?: () => Promise<KeptFiles | undefined>
  /** What is kept is as good as the origin, which is not asked again: so with a model that is kept whole. */
  settled: boolean
}

/** The projectors that lie beside a model in `projectors/`, with an index.json that lists them. */
export class Offers {
  private listed: Promise<OfferedProjector[]> | undefined
  private opened: Promise<KeptFiles | undefined> | undefined

  constructor(private readonly beside: Beside) {}

  /** What the index lists; nothing where there is none. Throws `bad-file` for an index that cannot be read. */
  list(signal?: AbortSignal): Promise<OfferedProjector[]> {
    this.listed ??= this.indexText(signal).then(readIndex)
    this.listed.catch(() => {
      this.listed = undefined
    })
    return this.listed
  }

  /** The file of a projector of the list, from where it is kept, or else fetched and kept. */
  async fetch(
    name: string,
    { signal, onProgress }: { signal?: AbortSignal; onProgress?: (loaded: number, total: number) => void } = {},
  ): Promise<Uint8Array<ArrayBuffer>> {
    const offers = await this.list(signal)
    const offer = offers.find((one) => one.name === name)
    if (!offer) {
      const names = offers.map((one) => `"${one.name}"`).join(', ') || 'none'
      throw new BeagleError('not-found', `No projector "${name}" lies beside this model; there is ${names}.`)
    }
    const kept = await (await this.kept())?.read(offer.file)
    if (kept && flawOf(kept, offer) === undefined) return kept
    const source = await this.beside.files.open(`${folder}/${offer.file}`, signal)
    if (!source)
      throw new BeagleError(
        'not-found',
        `${index} lists "${name}", but its file ${offer.file} is not there. Put it there or take it off the list.`,
      )
    const bytes = await readAll(source, signal, onProgress)
    const flaw = flawOf(bytes, offer)
    if (flaw) throw new BeagleError('bad-file', `${offer.file} ${flaw}. Fetch it again, or mend the index.`)
    await this.keep(offer.file, bytes)
    return bytes
  }

  private async indexText(signal?: AbortSignal): Promise<string | undefined> {
    const { files, settled } = this.beside
    const before = async () => {
      const bytes = await (await this.kept())?.read('index.json')
      return bytes && new TextDecoder().decode(bytes)
    }
    const known = settled ? await before() : undefined
    if (known !== undefined) return known
    try {
      const text = await files.text(index, signal)
      await this.keep('index.json', new TextEncoder().encode(text ?? '{"projectors":[]}'))
      return text
    } catch (error) {
      const text = (error as BeagleError).code === 'network' ? await before() : undefined
      if (text === undefined) throw error
      return text
    }
  }

  /** Storage that is full keeps nothing more, and that is all. */
  private async keep(name: string, bytes: Uint8Array<ArrayBuffer>): Promise<void> {
    const kept = await this.kept()
    await kept?.write(name, bytes).catch((error: BeagleError) => {
      if (error.code !== 'out-of-memory') throw error
    })
  }

  private async kept(): Promise<KeptFiles | undefined> {
    this.opened ??= this.beside.kept?.()
    return this.opened
  }
}

async function readAll(
  source: ByteSource,
  signal?: AbortSignal,
  onProgress?: (loaded: number, total: number) => void,
): Promise<Uint8Array<ArrayBuffer>> {
  const bytes = new Uint8Array(source.size)
  for (let at = 0; at < bytes.length; at += pieceBytes) {
    bytes.set(await source.read(at, Math.min(at + pieceBytes, bytes.length), signal), at)
    onProgress?.(Math.min(at + pieceBytes, bytes.length), bytes.length)
  }
  return bytes
}

function flawOf(file: Uint8Array, { bytes, sha256 }: OfferedProjector): string | undefined {
  if (file.length !== bytes) return `has ${file.length} bytes, ${index} says ${bytes}`
  if (sha256 === undefined) return undefined
  const hash = new RunningHash()
  hash.offer(0, file)
  const found = hash.hex()
  return found === sha256 ? undefined : `has the SHA-256 ${found}, ${index} says ${sha256}`
}

const kinds = {
  ...{ name: 'string', label: 'string', type: 'string', file: 'string', description: 'string' },
  ...{ visualTokens: 'number', bytes: 'number' },
} as const

function readIndex(text: string | undefined): OfferedProjector[] {
  if (text === undefined) return []
  const wrong = (what: string) =>
    new BeagleError('bad-file', `${index} ${what}. It is { "projectors": [{ ${Object.keys(kinds).join(', ')} }] }.`)
  let listed: unknown
  try {
    listed = (JSON.parse(text) as { projectors?: unknown } | null)?.projectors
  } catch (error) {
    throw wrong(`is no JSON (${(error as Error).message})`)
  }
  if (!Array.isArray(listed)) throw wrong('has no list "projectors"')
  const names = new Set(['base'])
  return listed.map((entry: Partial<Record<string, unknown>> | null, i) => {
    const lacking = Object.entries(kinds).filter(([field, kind]) => typeof entry?.[field] !== kind)
    if (lacking.length > 0) throw wrong(`lacks ${lacking.map(([field]) => `"${field}"`).join(', ')} in entry ${i + 1}`)
    const offer = entry as unknown as OfferedProjector
    if (names.has(offer.name)) throw wrong(`has the name "${offer.name}" twice, or for another than the model’s own`)
    if (/(^|[/\\])\.\.?([/\\]|$)|^[/\\]/.test(offer.file))
      throw wrong(`has the file "${offer.file}", which lies elsewhere`)
    names.add(offer.name)
    return offer
  })
}
