import { BeagleError } from '../errors.ts'
import { blockSource } from './blocks.ts'
import { type ByteSource, CHUNK_BYTES, type ModelFiles } from './byteSource.ts'
import { dtypeBytes, toFloat32 } from './dtypes.ts'
import { parseHeader, type TensorRef } from './safetensors.ts'

/** All tensors of a model, wherever its shards lie; no tensor has been read yet. */
export interface Checkpoint {
  readonly origin: string
  /** By the name in the files. */
  readonly tensors: ReadonlyMap<string, TensorRef>
  readonly metadata: ReadonlyMap<string, string>
  /** Bytes of all tensors. */
  readonly totalBytes: number
}

export const SINGLE_FILE = 'model.safetensors'
export const INDEX_FILE = 'model.safetensors.index.json'

function fromRefs(origin: string, refs: TensorRef[], metadata: Map<string, string>): Checkpoint {
  const tensors = new Map(refs.map((ref) => [ref.name, ref]))
  return { origin, tensors, metadata, totalBytes: refs.reduce((sum, ref) => sum + ref.end - ref.begin, 0) }
}

/** A checkpoint of one file, read through a few blocks of memory. */
export async function singleCheckpoint(source: ByteSource, signal?: AbortSignal): Promise<Checkpoint> {
  const { tensors, metadata } = await parseHeader(blockSource(source), signal)
  return fromRefs(source.name, tensors, metadata)
}

function readWeightMap(index: unknown): Map<string, string> {
  const map = (index as { weight_map?: unknown } | null)?.weight_map
  if (typeof map !== 'object' || map === null || Array.isArray(map)) {
    throw new BeagleError('bad-checkpoint', `${INDEX_FILE} has no weight_map from tensor names to files.`)
  }
  const entries = Object.entries(map)
  for (const [name, shard] of entries) {
    const inside = typeof shard === 'string' && /^[^/\\]+(\/[^/\\]+)*$/.test(shard) && !shard.split('/').includes('..')
    if (!inside) {
      throw new BeagleError(
        'bad-checkpoint',
        `${INDEX_FILE}: tensor "${name}" lies in ${JSON.stringify(shard)}, which is no file of the model.`,
      )
    }
  }
  return new Map(entries as [string, string][])
}

async function openShards(
  files: ModelFiles,
  weightMap: Map<string, string>,
  signal?: AbortSignal,
): Promise<Checkpoint> {
  const problems: string[] = []
  const refs: TensorRef[] = []
  const metadata = new Map<string, string>()
  for (const shard of new Set(weightMap.values())) {
    const source = await files.open(shard, signal)
    if (!source) {
      const waiting = [...weightMap].filter(([, file]) => file === shard).map(([name]) => name)
      problems.push(`the file ${shard} is missing (it holds ${waiting.length} tensors, the first "${waiting[0]}")`)
      continue
    }
    const header = await parseHeader(blockSource(source), signal)
    for (const [key, value] of header.metadata) metadata.set(key, value)
    const inShard = new Set(header.tensors.map((ref) => ref.name))
    for (const [name, file] of weightMap) {
      if (file === shard && !inShard.has(name)) problems.push(`tensor "${name}" is not in ${shard}`)
    }
    for (const ref of header.tensors) {
      const mapped = weightMap.get(ref.name)
      if (mapped === shard) refs.push(ref)
      else
        problems.push(`${shard} holds "${ref.name}", which the index ${mapped ? `puts in ${mapped}` : 'does not name'}`)
    }
  }
  if (problems.length > 0) {
    throw new BeagleError(
      'bad-checkpoint',
      `${INDEX_FILE} and the files of ${files.origin} do not agree: ${problems.join('; ')}.`,
    )
  }
  return fromRefs(files.origin, refs, metadata)
}

/** Opens `model.safetensors`, or all shards that `model.safetensors.index.json` names, reading headers only. */
export async function openCheckpoint(files: ModelFiles, signal?: AbortSignal): Promise<Checkpoint> {
  const single = await files.open(SINGLE_FILE, signal)
  if (single) return { ...(await singleCheckpoint(single, signal)), origin: files.origin }
  const index = await files.json(INDEX_FILE, signal)
  if (index !== undefined) return openShards(files, readWeightMap(index), signal)
  throw new BeagleError(
    'not-found',
    `${files.origin} has neither ${SINGLE_FILE} nor ${INDEX_FILE}. Weights must be in safetensors format; convert .bin files first.`,
  )
}

/** All bytes of a tensor, read in chunks. */
export async function readTensor(ref: TensorRef, signal?: AbortSignal): Promise<Uint8Array<ArrayBuffer>> {
  const bytes = new Uint8Array(ref.end - ref.begin)
  let at = 0
  for await (const chunk of chunks(ref, CHUNK_BYTES, signal)) {
    bytes.set(chunk, at)
    at += chunk.length
  }
  return bytes
}

/** A tensor's bytes in order, each piece at most `chunkBytes` and whole elements. */
export async function* chunks(
  ref: TensorRef,
  chunkBytes = CHUNK_BYTES,
  signal?: AbortSignal,
): AsyncGenerator<Uint8Array<ArrayBuffer>, void, void> {
  const element = dtypeBytes[ref.dtype]
  const step = Math.max(element, Math.min(chunkBytes, CHUNK_BYTES) - (Math.min(chunkBytes, CHUNK_BYTES) % element))
  for (let at = ref.begin; at < ref.end; at += step) {
    yield await ref.source.read(at, Math.min(at + step, ref.end), signal)
  }
}

/** A tensor as f32, row-major. */
export async function readFloat32(ref: TensorRef, signal?: AbortSignal): Promise<Float32Array<ArrayBuffer>> {
  return toFloat32(await readTensor(ref, signal), ref.dtype)
}

/** Elements of a tensor. */
export function elementCount(ref: { shape: readonly number[] }): number {
  return ref.shape.reduce((product, size) => product * size, 1)
}
