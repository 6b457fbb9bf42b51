import type { TeachMemory, TeachSettings } from '../teachApi.ts'
import type { Pass } from '../tensor/pass.ts'
import type { Tensor } from '../tensor/tensor.ts'
import type { Classroom } from './classroom.ts'
import type { Pupil } from './enrol.ts'
import type { Features } from './features.ts'
import { assemble, type Batch, Desk } from './lesson.ts'
import { forecast } from './memory.ts'
import { microBatches } from './order.ts'
import { type Parameter, parameterBytes } from './parameters.ts'
import { examine, learn } from './step.ts'

/** Passes that are built for a forecast, at most; building one takes milliseconds. */
const mostShapes = 48

export interface Course {
  trained: readonly Pupil[]
  heldOut: readonly Pupil[]
  settings: TeachSettings
  steps: number
  parameters: readonly Parameter[]
  features: Features
}

/**
 * What a course will take on the GPU. Its batches of different shapes are built in the order in which they will run, because the
 * pool lends to each what those before it gave back.
 */
export function foresee(room: Classroom, course: Course): TeachMemory {
  const { trained, heldOut, settings, parameters, features } = course
  const { imageTokenId } = room.config
  const present = parameterBytes(parameters)
  return forecast(room.gpu, {
    parameters: present,
    features: features.forecast(new Set([...trained, ...heldOut].map(({ key }) => key)).size),
    present: present + features.bytes,
    recompute: settings.recompute,
    limit: settings.memoryLimit,
    passes: (gpu, recompute) => {
      const desk = new Desk(gpu)
      const bench = { ...room, parameters, recompute }
      const image = { buffer: parameters[0]!.value.buffer, shape: room.featureShape, type: 'f32' } as const
      const lay = (batch: Batch) => desk.lay(batch, Array<Tensor>(batch.sequences).fill(image))
      const update = { step: 1, settings }
      return [
        ...shapesOf(examinations(course), imageTokenId).map((batch) => (pass: Pass) => {
          examine(pass, bench, lay(batch))
        }),
        ...shapesOf(lessons(course), imageTokenId).map((batch) => (pass: Pass) => {
          learn(pass, bench, { lesson: lay(batch), scale: 1, first: true, update })
        }),
      ]
    },
  })
}

function* examinations({ heldOut, settings: { batchSize } }: Course): Generator<readonly Pupil[]> {
  for (let first = 0; first < heldOut.length; first += batchSize) yield heldOut.slice(first, first + batchSize)
}

/** The micro-batches of the first two epochs. */
function* lessons({ trained, steps, settings }: Course): Generator<readonly Pupil[]> {
  const { batchSize, accumulate } = settings
  const most = Math.min(steps, Math.ceil((2 * trained.length) / (batchSize * accumulate)))
  const lengths = trained.map(({ ids }) => ids.length)
  for (let step = 1; step <= most; step++)
    for (const group of microBatches(lengths, step, settings)) yield group.map((i) => trained[i]!)
}

/** One batch of each shape, in order; where there are too many, the first ones and the longest. */
function shapesOf(groups: Iterable<readonly Pupil[]>, imageTokenId: number): Batch[] {
  const shapes = new Map<string, Batch>()
  for (const pupils of groups) {
    const batch = assemble(pupils, imageTokenId)
    const shape = `${batch.sequences} ${batch.length} ${batch.rows.length}`
    if (!shapes.has(shape)) shapes.set(shape, batch)
  }
  const all = [...shapes.values()]
  if (all.length <= mostShapes) return all
  const longest = all.reduce((most, batch) => (batch.length > most.length ? batch : most))
  return [...all.slice(0, mostShapes - 1), longest]
}
