import type { Model } from '../api.ts'
import { bytesSource } from '../checkpoint/byteSource.ts'
import { readFloat32, singleCheckpoint } from '../checkpoint/checkpoint.ts'
import type { TeachEvent, TeachExample, TeachOptions, TeachResult, TeachStore } from '../teachApi.ts'
import { goldenBytes, goldenJson } from './models.ts'

/** One case of a golden llava checkpoint, as far as teaching needs it. */
export interface GoldenCase {
  image: string
  question: string
  answer: string
}

/** The cases of a golden checkpoint as examples, in their order. */
export function goldenExamples(name: string): TeachExample[] {
  const { cases } = goldenJson<{ cases: GoldenCase[] }>(`${name}/expected.json`)
  return cases.map(({ image, question, answer }) => ({
    image: goldenBytes(`${name}/${image}`),
    turns: [{ question, answer }],
    name: image,
  }))
}

/** The settings of the goldens' training. */
export const goldenSettings = {
  steps: 10,
  batchSize: 2,
  learningRate: 0.01,
  weightDecay: 0.01,
  schedule: 'constant',
  warmup: 0,
  clip: 0,
  evalFraction: 0,
} as const

/** Teaches to the end: all events, and the result. */
export async function taught(
  model: Model,
  examples: readonly TeachExample[],
  options: TeachOptions,
): Promise<{ events: TeachEvent[]; result: TeachResult; losses: number[] }> {
  const events: TeachEvent[] = []
  for await (const event of model.teach(examples, options)) events.push(event)
  const last = events.at(-1)
  if (last?.type !== 'done') throw new Error('The training ended without a result.')
  return { events, result: last.result, losses: last.result.losses }
}

/** The events of one kind. */
export function ofType<T extends TeachEvent['type']>(events: readonly TeachEvent[], type: T) {
  return events.filter((event): event is Extract<TeachEvent, { type: T }> => event.type === type)
}

/** A store that lasts as long as the test. */
export function memoryStore(): TeachStore & { files: Map<string, Uint8Array<ArrayBuffer>> } {
  const files = new Map<string, Uint8Array<ArrayBuffer>>()
  return {
    files,
    read: async (name) => files.get(name)?.slice(),
    write: async (name, bytes) => void files.set(name, bytes.slice()),
    delete: async (name) => void files.delete(name),
  }
}

/** The tensors of a safetensors file in f32, by name. */
export async function tensorsOf(file: Uint8Array<ArrayBuffer>): Promise<Record<string, Float32Array>> {
  const { tensors } = await singleCheckpoint(bytesSource('file', file))
  const entries = [...tensors].map(async ([name, ref]) => [name, await readFloat32(ref)] as const)
  return Object.fromEntries(await Promise.all(entries))
}
