import type { WeightStorage } from '../api.ts'
import { CHUNK_BYTES } from '../checkpoint/byteSource.ts'
import { readTensor } from '../checkpoint/checkpoint.ts'
import { dtypeBytes, toFloat32 } from '../checkpoint/dtypes.ts'
import type { TensorRef } from '../checkpoint/safetensors.ts'
import { BeagleError, throwIfAborted } from '../errors.ts'
import type { Gpu } from '../gpu/device.ts'
import { allocateWeight, convert, type SourceType } from '../ops/convert.ts'
import { execute } from '../tensor/execute.ts'
import { bytesOf, sizeOf, type Tensor } from '../tensor/tensor.ts'
import type { Weight } from '../tensor/weight.ts'
import { storageOf } from './storage.ts'
import { isLeaf, type Loaded, type MatrixLeaf, type SpecTree, type VectorLeaf } from './tree.ts'

export interface UploadOptions {
  weights: WeightStorage
  signal?: AbortSignal
  /** Called before each tensor and after each chunk with the bytes read so far. */
  onBytes?: (tensor: string, loaded: number, total: number) => void
}

type Job = { ref: TensorRef } & ({ weight: Weight; firstRow: number } | { tensor: Tensor; offset: number })

/**
 * Brings the tree's tensors onto the GPU. Files are read in order, a chunk at a time, and converted or quantized there, so that
 * no more than a chunk of a matrix is ever held on the heap. On failure everything allocated is released again.
 */
export async function upload<S extends SpecTree>(
  gpu: Gpu,
  tree: S,
  tensors: Map<string, TensorRef>,
  options: UploadOptions,
): Promise<Loaded<S>> {
  const jobs: Job[] = []
  const buffers: GPUBuffer[] = []
  try {
    const loaded = allocate({ gpu, tensors, weights: options.weights, jobs, buffers }, tree)
    jobs.sort((a, b) => a.ref.source.name.localeCompare(b.ref.source.name) || a.ref.begin - b.ref.begin)
    const total = jobs.reduce((sum, { ref }) => sum + ref.end - ref.begin, 0)
    let done = 0
    for (const job of jobs) {
      options.onBytes?.(job.ref.name, done, total)
      await runJob(gpu, job, options.signal, (bytes) => {
        done += bytes
        options.onBytes?.(job.ref.name, done, total)
      })
    }
    await gpu.settle()
    return loaded as Loaded<S>
  } catch (error) {
    for (const buffer of buffers) gpu.memory.destroy(buffer)
    throw error
  }
}

/** Destroys every buffer of an uploaded tree. */
export function release(gpu: Gpu, tree: unknown): void {
  if (typeof tree !== 'object' || tree === null) return
  if ('parts' in tree) {
    for (const part of (tree as Weight).parts) {
      gpu.memory.destroy(part.weight)
      if (part.scales) gpu.memory.destroy(part.scales)
    }
  } else if ('buffer' in tree) gpu.memory.destroy((tree as Tensor).buffer)
  else for (const branch of Object.values(tree)) release(gpu, branch)
}

/** What is on its way: the reads to be done and the buffers to release if one fails. */
interface Plan {
  gpu: Gpu
  tensors: Map<string, TensorRef>
  weights: WeightStorage
  jobs: Job[]
  buffers: GPUBuffer[]
}

function allocate(plan: Plan, tree: SpecTree | undefined): unknown {
  if (tree === undefined) return undefined
  if (!isLeaf(tree)) {
    if (Array.isArray(tree)) return tree.map((branch) => allocate(plan, branch))
    const branches = Object.entries(tree) as [string, SpecTree | undefined][]
    return Object.fromEntries(branches.map(([name, branch]) => [name, allocate(plan, branch)]))
  }
  if (tree.kind === 'matrix') return allocateMatrix(plan, tree)
  return tree.kind === 'vector' ? allocateVector(plan, tree) : undefined
}

function allocateMatrix(
  { gpu, tensors, weights, jobs, buffers }: Plan,
  { sources, rows, cols, use }: MatrixLeaf,
): Weight {
  const weight = allocateWeight(gpu, sources[0]!.name, rows, cols, storageOf(weights, use))
  for (const part of weight.parts) buffers.push(part.weight, ...(part.scales ? [part.scales] : []))
  let firstRow = 0
  for (const { name, shape } of sources) {
    jobs.push({ ref: tensors.get(name)!, weight, firstRow })
    firstRow += sizeOf(shape) / cols
  }
  return weight
}

function allocateVector({ gpu, tensors, jobs, buffers }: Plan, { sources, shape }: VectorLeaf): Tensor {
  const usage = GPUBufferUsage.STORAGE | GPUBufferUsage.COPY_DST | GPUBufferUsage.COPY_SRC
  const buffer = gpu.memory.create(sources[0]!.name, bytesOf(shape, 'f32'), 'weights', usage)
  const tensor: Tensor = { buffer, shape, type: 'f32' }
  buffers.push(buffer)
  let offset = 0
  for (const source of sources) {
    jobs.push({ ref: tensors.get(source.name)!, tensor, offset })
    offset += sizeOf(source.shape)
  }
  return tensor
}

async function runJob(
  gpu: Gpu,
  job: Job,
  signal: AbortSignal | undefined,
  onBytes: (bytes: number) => void,
): Promise<void> {
  const { ref } = job
  if ('tensor' in job) {
    const bytes = await readTensor(ref, signal)
    gpu.device.queue.writeBuffer(job.tensor.buffer, 4 * job.offset, toFloat32(bytes, ref.dtype))
    onBytes(bytes.length)
    return
  }
  const { weight } = job
  const element = dtypeBytes[ref.dtype]
  if (!['F32', 'F16', 'BF16'].includes(ref.dtype)) {
    throw new BeagleError('bad-checkpoint', `${ref.name} is stored as ${ref.dtype}; weights must be F32, F16 or BF16.`)
  }
  const rows = sizeOf(ref.shape) / weight.cols
  const rowBytes = weight.cols * element
  for (let row = 0; row < rows; ) {
    throwIfAborted(signal)
    const part = weight.parts.find((p) => job.firstRow + row < p.firstRow + p.rows)!
    const left = Math.min(rows - row, part.firstRow + part.rows - job.firstRow - row)
    const count = Math.min(left, Math.max(1, Math.floor(CHUNK_BYTES / rowBytes)))
    const bytes = await readRows(ref, row * rowBytes, count * rowBytes, signal)
    await execute(gpu, `load ${ref.name}`, (pass) => {
      const source = pass.scratch([bytes.length / 4], 'u32')
      gpu.device.queue.writeBuffer(source.buffer, 0, bytes)
      convert(pass, { source, weight }, { dtype: ref.dtype as SourceType, firstRow: job.firstRow + row, rows: count })
    })
    row += count
    onBytes(count * rowBytes)
  }
}

/** Bytes of whole rows, padded with zeros to whole words. */
async function readRows(
  ref: TensorRef,
  begin: number,
  length: number,
  signal?: AbortSignal,
): Promise<Uint8Array<ArrayBuffer>> {
  const padded = Math.ceil(length / 4) * 4
  const first = await ref.source.read(ref.begin + begin, ref.begin + begin + Math.min(length, CHUNK_BYTES), signal)
  if (first.length === padded) return first
  const bytes = new Uint8Array(padded)
  bytes.set(first)
  for (let at = first.length; at < length; at += CHUNK_BYTES) {
    const start = ref.begin + begin + at
    bytes.set(await ref.source.read(start, Math.min(start + CHUNK_BYTES, ref.begin + begin + length), signal), at)
  }
  return bytes
}
