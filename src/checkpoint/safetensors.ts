import { BeagleError } from '../errors.ts'
import type { ByteSource } from './byteSource.ts'
import { type Dtype, dtypeBytes, isDtype } from './dtypes.ts'
import { parseStrictJson, type StrictJson, StrictJsonError, StrictNumber } from './strictJson.ts'

/** One tensor and where its bytes lie. */
export interface TensorRef {
  /** The name in its file. */
  name: string
  dtype: Dtype
  shape: number[]
  source: ByteSource
  /** Bytes [begin, end) of the source. */
  begin: number
  end: number
}

export interface SafetensorsHeader {
  /** In the order of their bytes. */
  tensors: TensorRef[]
  metadata: Map<string, string>
}

/** The limit of the reference implementation. */
const MAX_HEADER_BYTES = 100_000_000

function wholeNumber(value: StrictJson | undefined, what: string, fail: (reason: string) => never): number {
  const text = value instanceof StrictNumber ? value.text : fail(`${what} is no number`)
  if (!/^\d+$/.test(text)) fail(`${what} is ${text}, not a whole number ≥ 0`)
  const number = Number(text)
  return Number.isSafeInteger(number) ? number : fail(`${what} is ${text}, beyond 2^53`)
}

function parseTensor(name: string, entry: StrictJson, source: ByteSource, dataStart: number): TensorRef {
  const fail = (reason: string): never => {
    throw new BeagleError('bad-checkpoint', `${source.name}: tensor "${name}": ${reason}.`)
  }
  if (!(entry instanceof Map)) return fail('its entry is no object with dtype, shape and data_offsets')
  const unknown = [...entry.keys()].filter((key) => !['dtype', 'shape', 'data_offsets'].includes(key))
  if (unknown.length > 0) fail(`unknown field "${unknown[0]}"; there are dtype, shape and data_offsets`)

  const dtype = entry.get('dtype')
  if (typeof dtype !== 'string' || !isDtype(dtype)) {
    return fail(`dtype ${display(dtype)} is not known; known are ${Object.keys(dtypeBytes).join(', ')}`)
  }
  const dimensions = entry.get('shape')
  if (!Array.isArray(dimensions)) return fail(`shape ${display(dimensions)} is no list`)
  const shape = dimensions.map((size, i) => wholeNumber(size, `shape[${i}]`, fail))
  const offsets = entry.get('data_offsets')
  if (!Array.isArray(offsets) || offsets.length !== 2) return fail('data_offsets is no pair of numbers')
  const begin = wholeNumber(offsets[0], 'data_offsets[0]', fail)
  const end = wholeNumber(offsets[1], 'data_offsets[1]', fail)

  const bytes = shape.reduce((product, size) => product * size, 1) * dtypeBytes[dtype]
  if (!Number.isSafeInteger(bytes)) fail(`shape [${shape}] of ${dtype} is more than 2^53 bytes`)
  if (end < begin) fail(`data_offsets [${begin}, ${end}] end before they begin`)
  if (end - begin !== bytes) {
    fail(`shape [${shape}] of ${dtype} needs ${bytes} bytes, data_offsets [${begin}, ${end}] span ${end - begin}`)
  }
  if (dataStart + end > source.size) {
    fail(
      `its bytes end at ${dataStart + end} but the file has only ${source.size}; the file is cut short, get it again`,
    )
  }
  return { name, dtype, shape, source, begin: dataStart + begin, end: dataStart + end }
}

function display(value: StrictJson | undefined): string {
  if (value === undefined) return '(missing)'
  return value instanceof StrictNumber ? value.text : value instanceof Map ? '{…}' : JSON.stringify(value)
}

/** Tensors sorted by their bytes must follow each other without overlap or hole, up to the end of the file. */
function checkLayout(tensors: TensorRef[], source: ByteSource, dataStart: number): void {
  const fail = (reason: string): never => {
    throw new BeagleError('bad-checkpoint', `${source.name}: ${reason}.`)
  }
  let previous: TensorRef | undefined
  for (const tensor of tensors) {
    const expected = previous?.end ?? dataStart
    if (tensor.begin < expected) {
      fail(`tensor "${tensor.name}" overlaps "${previous!.name}" by ${expected - tensor.begin} bytes`)
    }
    if (tensor.begin > expected) {
      const before = previous ? `after "${previous.name}"` : 'at the start of the data'
      fail(`tensor "${tensor.name}": there is a hole of ${tensor.begin - expected} bytes ${before}`)
    }
    previous = tensor
  }
  const end = previous?.end ?? dataStart
  if (end !== source.size) {
    const last = previous ? `the last tensor, "${previous.name}"` : 'the header, which names no tensor'
    fail(`${source.size - end} bytes follow ${last}; the file does not belong to its header`)
  }
}

function parseMetadata(entry: StrictJson, source: ByteSource): Map<string, string> {
  const metadata = new Map<string, string>()
  const bad = (what: string): never => {
    throw new BeagleError('bad-checkpoint', `${source.name}: __metadata__ ${what}; it maps texts to texts.`)
  }
  if (!(entry instanceof Map)) return bad('is no object')
  for (const [key, value] of entry) metadata.set(key, typeof value === 'string' ? value : bad(`"${key}" is no text`))
  return metadata
}

async function readHeaderText(source: ByteSource, signal?: AbortSignal): Promise<{ text: string; dataStart: number }> {
  const fail = (reason: string): never => {
    throw new BeagleError('bad-checkpoint', `${source.name} is no safetensors file: ${reason}.`)
  }
  if (source.size < 8) fail(`it has ${source.size} bytes, fewer than the 8 of the header's length`)
  const prefix = await source.read(0, 8, signal)
  const length = new DataView(prefix.buffer, prefix.byteOffset, 8).getBigUint64(0, true)
  if (length > BigInt(MAX_HEADER_BYTES))
    fail(`its header would have ${length} bytes, more than ${MAX_HEADER_BYTES} allowed`)
  const dataStart = 8 + Number(length)
  if (dataStart > source.size) fail(`its header would have ${length} bytes, the file has ${source.size} in all`)
  const bytes = await source.read(8, dataStart, signal)
  try {
    return { text: new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes), dataStart }
  } catch {
    return fail('its header is not UTF-8 text')
  }
}

/**
 * Reads and checks a safetensors header, strictly: every way in which the file contradicts itself is a `bad-checkpoint` that
 * names the tensor. Only the header is read. Format: https://github.com/huggingface/safetensors#format
 */
export async function parseHeader(source: ByteSource, signal?: AbortSignal): Promise<SafetensorsHeader> {
  const { text, dataStart } = await readHeaderText(source, signal)
  let header: StrictJson
  try {
    header = parseStrictJson(text)
  } catch (error) {
    if (!(error instanceof StrictJsonError)) throw error
    const [tensor] = error.path
    const where = tensor === undefined ? 'the header' : `tensor "${tensor}"`
    throw new BeagleError('bad-checkpoint', `${source.name}: ${where}: ${error.reason}.`, { cause: error })
  }
  if (!(header instanceof Map)) {
    throw new BeagleError('bad-checkpoint', `${source.name}: the header is no JSON object of tensors.`)
  }
  const entry = header.get('__metadata__')
  const metadata = entry === undefined ? new Map<string, string>() : parseMetadata(entry, source)
  header.delete('__metadata__')
  const tensors = [...header].map(([name, value]) => parseTensor(name, value, source, dataStart))
  tensors.sort((a, b) => a.begin - b.begin || a.end - b.end)
  checkLayout(tensors, source, dataStart)
  return { tensors, metadata }
}
