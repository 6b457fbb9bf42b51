import { type Projector, project } from '../models/projectors/projector.ts'
import type { Watch, WatchPoints } from '../models/projectors/watch.ts'
import { upload } from '../tensor/execute.ts'
import type { Pass } from '../tensor/pass.ts'
import type { Tensor } from '../tensor/tensor.ts'

/** An image's features, with the ids of its question where the projector reads them. */
export interface SeenImage {
  features: Tensor
  instruction?: readonly number[]
}

/** Visual tokens [M, D] that `projector` makes of an image. */
export function projectSeen(
  pass: Pass,
  projector: Projector,
  { features, instruction }: SeenImage,
  watching: { watch?: Watch; watchPoints?: WatchPoints } = {},
): Tensor {
  const question = instruction && pass.scratch([instruction.length], 'u32')
  if (question) upload(pass.gpu, question, Uint32Array.from(instruction))
  return project(pass, projector, features, { instructions: [question], ...watching })
}
