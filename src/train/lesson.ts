import type { Gpu } from '../gpu/device.ts'
import type { Lesson } from '../models/lmm.ts'
import { stateTensor, upload } from '../tensor/execute.ts'
import type { Tensor } from '../tensor/tensor.ts'

/** One example, tokenized: the image token repeated once per visual token; `labels[i]` is what row i must predict, or -100. */
export interface Tokens {
  ids: readonly number[]
  labels: readonly number[]
  /** Token ids of the question that the projector reads along with the image. */
  instruction?: readonly number[]
}

/** A micro-batch in numbers, before it is on the GPU. */
export interface Batch {
  sequences: number
  length: number
  ids: Uint32Array<ArrayBuffer>
  source: Uint32Array<ArrayBuffer>
  rows: Uint32Array<ArrayBuffer>
  labels: Uint32Array<ArrayBuffer>
  /** Labels of each answer, as ranges of `labels`: [first, behind the last], with the example of the batch. */
  answers: { example: number; first: number; end: number }[]
  instructions: (readonly number[] | undefined)[]
}

/** Labels that count: neither ignored nor of the last row, which nothing follows. */
export const countLabels = ({ labels }: Tokens): number => labels.filter((label) => label >= 0).length

/**
 * Puts examples one below the other, padded at the right to the longest: what stands behind an answer is not seen by it. Visual
 * tokens are numbered through all images of the batch.
 */
export function assemble(examples: readonly Tokens[], imageTokenId: number): Batch {
  const length = examples.reduce((longest, { ids }) => Math.max(longest, ids.length), 0)
  const ids = new Uint32Array(examples.length * length)
  const source = new Uint32Array(ids.length)
  const rows: number[] = []
  const labels: number[] = []
  const answers: Batch['answers'] = []
  let visual = 0
  examples.forEach((tokens, example) => {
    const start = example * length
    tokens.ids.forEach((id, i) => {
      ids[start + i] = id
      if (id === imageTokenId) source[start + i] = ++visual
      const label = tokens.labels[i]!
      if (label < 0) return
      const last = answers.at(-1)
      if (last?.example === example && rows.at(-1) === start + i - 1) last.end++
      else answers.push({ example, first: rows.length, end: rows.length + 1 })
      rows.push(start + i)
      labels.push(label)
    })
  })
  return {
    sequences: examples.length,
    length,
    ids,
    source,
    rows: Uint32Array.from(rows),
    labels: Uint32Array.from(labels),
    answers,
    instructions: examples.map(({ instruction }) => instruction),
  }
}

/** Buffers for micro-batches, made for the largest and used again by each. */
export class Desk {
  private readonly tensors = new Map<string, Tensor>()

  constructor(private readonly gpu: Gpu) {}

  /** Puts a batch on the GPU; `features` are those of its images, one below the other. What the desk held before is overwritten. */
  lay(batch: Batch, features: readonly Tensor[]): Lesson & { images: readonly Tensor[] } {
    const { sequences, ids, source, rows, labels, instructions } = batch
    const [patches, width] = features[0]!.shape as [number, number]
    return {
      sequences,
      ids: this.put('ids', ids),
      source: this.put('source', source),
      rows: this.put('rows', rows),
      labels: this.put('labels', labels),
      features: {
        ...this.room('features', features.length * patches * width, 'f32'),
        shape: [features.length * patches, width],
      },
      images: features,
      instructions: instructions.map((ids, i) => ids && this.put(`instruction ${i}`, Uint32Array.from(ids))),
    }
  }

  dispose(): void {
    for (const { buffer } of this.tensors.values()) this.gpu.memory.destroy(buffer)
    this.tensors.clear()
  }

  private put(name: string, values: Uint32Array<ArrayBuffer>): Tensor {
    const tensor = { ...this.room(name, values.length, 'u32'), shape: [values.length] }
    upload(this.gpu, tensor, values)
    return tensor
  }

  private room(name: string, elements: number, type: 'u32' | 'f32'): Tensor {
    const known = this.tensors.get(name)
    if (known && known.buffer.size >= 4 * elements) return known
    if (known) this.gpu.memory.destroy(known.buffer)
    const tensor = stateTensor(this.gpu, `lesson ${name}`, [elements], type)
    this.tensors.set(name, tensor)
    return tensor
  }
}
