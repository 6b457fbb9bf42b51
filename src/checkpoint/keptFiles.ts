import { readFile, remove, sha256, writeFile } from './opfs.ts'

/** Named files in a place of their own. A write is whole or it did not happen. */
export interface KeptFiles {
  read(name: string): Promise<Uint8Array<ArrayBuffer> | undefined>
  write(name: string, bytes: Uint8Array<ArrayBuffer>): Promise<void>
  delete(name: string): Promise<void>
}

const DIGEST_BYTES = 32
const TRAILER_BYTES = 8 + DIGEST_BYTES

/** One of the two files that a name has. */
interface Slot {
  file: string
  /** Counts the writes. */
  version: number
  content: Uint8Array<ArrayBuffer>
}

/** A name, whatever it is, as a file's; `decodeURIComponent` gives it back. */
export const safeName = (name: string) => encodeURIComponent(name).replace(/^\./, '%2E').replaceAll('~', '%7E')

const slotsOf = (name: string) => [0, 1].map((i) => `${safeName(name)}~${i}`)

/**
 * Files in a folder of the browser's storage. Each name has two slots, closed by the number of the write and the content's SHA-256, that
 * are written in turn: where a write was broken off, by a closed tab or a full disk, the one before it is read.
 */
export function keptFiles(folder: FileSystemDirectoryHandle): KeptFiles {
  /** Where the latest write of a name stands, once that is known. */
  const latest = new Map<string, Pick<Slot, 'file' | 'version'>>()
  const inTurn = queue()

  async function find(name: string): Promise<Slot | undefined> {
    const slots = await Promise.all(slotsOf(name).map((file) => readSlot(folder, file)))
    const found = slots.reduce(
      (best, slot) => (slot && !(best && best.version > slot.version) ? slot : best),
      undefined,
    )
    if (found) latest.set(name, { file: found.file, version: found.version })
    return found
  }

  return {
    read: (name) => inTurn(async () => (await find(name))?.content),
    write: (name, bytes) =>
      inTurn(async () => {
        const before = latest.get(name) ?? (await find(name))
        const file = slotsOf(name).find((slot) => slot !== before?.file)!
        const version = (before?.version ?? 0) + 1
        const trailer = new Uint8Array(TRAILER_BYTES)
        new DataView(trailer.buffer).setFloat64(0, version)
        trailer.set(await sha256(bytes), 8)
        await writeFile(folder, file, [bytes, trailer])
        latest.set(name, { file, version })
      }),
    delete: (name) =>
      inTurn(async () => {
        latest.delete(name)
        for (const slot of slotsOf(name)) await remove(folder, slot)
      }),
  }
}

/** Does what it is given one after the other. */
export function queue(): <T>(work: () => Promise<T>) => Promise<T> {
  let last: Promise<unknown> = Promise.resolve()
  return (work) => {
    const done = last.then(work)
    last = done.catch(() => {})
    return done
  }
}

/** A slot whose content is as it was written. */
async function readSlot(folder: FileSystemDirectoryHandle, file: string): Promise<Slot | undefined> {
  const bytes = await readFile(folder, file)
  if (!bytes || bytes.length < TRAILER_BYTES) return undefined
  const size = bytes.length - TRAILER_BYTES
  const content = bytes.subarray(0, size)
  const sum = await sha256(content)
  if (!sum.every((byte, i) => byte === bytes[size + 8 + i])) return undefined
  return { file, version: new DataView(bytes.buffer).getFloat64(size), content }
}
