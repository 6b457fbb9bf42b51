import type { LlavaConfig } from '../checkpoint/configTypes.ts'
import type { Gpu } from '../gpu/device.ts'
import { type Lesson, type LmmWeights, study } from '../models/lmm.ts'
import { sums } from '../ops/add.ts'
import { executeAndRead } from '../tensor/execute.ts'
import type { Pass } from '../tensor/pass.ts'
import { Tape } from '../tensor/tape.ts'
import { rowsOf, type Tensor, widthOf } from '../tensor/tensor.ts'
import { type AdamwSettings, descend, type Parameter } from './parameters.ts'

/** What a step works on. */
export interface Bench {
  gpu: Gpu
  /** With the projector that is trained. */
  weights: LmmWeights
  config: LlavaConfig
  parameters: readonly Parameter[]
  recompute: boolean
}

/** A lesson whose features still lie apart. */
export type Laid = Lesson & { images: readonly Tensor[] }

export interface MicroStep {
  lesson: Laid
  /** Part of the gradient that one label makes: 1 / labels of the whole step. */
  scale: number
  /** Gradients start from zero. */
  first: boolean
  /** After the last micro-batch comes the optimizer: step 1 is the first. */
  update?: { step: number; settings: AdamwSettings }
}

/** Forward, backward and, at the end of a step, the optimizer: losses [L] of the labels and, with the optimizer, the norm [1]. */
export function learn(pass: Pass, { weights, config, parameters, recompute }: Omit<Bench, 'gpu'>, micro: MicroStep) {
  const { lesson, scale, first, update } = micro
  if (first) for (const { gradient } of parameters) pass.clear(gradient)
  const tape = new Tape(new Map(parameters.map(({ operand, gradient }) => [operand, gradient])), sums)
  pass.tape = tape
  const losses = pass.scope(() => {
    gatherFeatures(pass, lesson)
    const { losses } = study(pass, weights, config, lesson, { scale, recompute })
    tape.backward(pass, losses, losses)
    pass.tape = undefined
    return losses
  })
  return { losses, norm: update && descend(pass, parameters, update.step, update.settings) }
}

/** Puts the features of the images one below the other. */
function gatherFeatures(pass: Pass, { features, images }: Laid): void {
  const bytes = (4 * rowsOf(features) * widthOf(features)) / images.length
  images.forEach((image, i) => {
    pass.copy(image, features, bytes, 0, i * bytes)
  })
}

/** Runs a micro-step and reads its losses, and the norm where it ended a step. */
export async function runMicroStep(bench: Bench, micro: MicroStep): Promise<{ losses: Float32Array; norm: number }> {
  const read = await executeAndRead(bench.gpu, 'teach', (pass) => {
    const { losses, norm } = learn(pass, bench, micro)
    return { losses, norm: norm ?? losses }
  })
  return { losses: read.losses as Float32Array, norm: read.norm[0]! }
}

/** Losses and hits [L] of a lesson's labels, without learning. */
export function examine(pass: Pass, { weights, config }: Pick<Bench, 'weights' | 'config'>, lesson: Laid) {
  gatherFeatures(pass, lesson)
  return { ...study(pass, weights, config, lesson, { scale: 0, recompute: false }) }
}

/** Examines and reads what was found. */
export async function runExamination(
  bench: Bench,
  lesson: Laid,
): Promise<{ losses: Float32Array; hits: Float32Array }> {
  const read = await executeAndRead(bench.gpu, 'examine', (pass) => examine(pass, bench, lesson))
  return { losses: read.losses as Float32Array, hits: read.hits as Float32Array }
}
