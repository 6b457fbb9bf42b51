import { seeded } from '../../tensor/random.ts'
import { sizeOf } from '../../tensor/tensor.ts'
import { leavesOf } from '../tree.ts'
import type { ProjectorSpec } from './projector.ts'
import type { ProjectorValues } from './values.ts'

/**
 * A projector that has learned nothing: weights and biases uniform within ±1/√(inputs of the layer), as PyTorch begins a linear
 * layer. The same seed gives the same values.
 */
export function freshProjector(spec: ProjectorSpec, seed: number): ProjectorValues {
  const random = seeded(seed)
  const sources = leavesOf(spec).flatMap((leaf) => leaf.sources)
  const shapes = new Map(sources.map(({ name, shape }) => [name, shape]))
  const values = sources.map(({ name, shape }) => {
    const [, ...inputs] = shapes.get(name.replace(/\.bias$/, '.weight'))!
    const bound = 1 / Math.sqrt(sizeOf(inputs))
    return [name, Float32Array.from({ length: sizeOf(shape) }, () => (2 * random() - 1) * bound)] as const
  })
  return Object.fromEntries(values)
}
