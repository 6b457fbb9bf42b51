import type { Gpu } from '../gpu/device.ts'
import type { Storage } from '../gpu/wgsl.ts'
import { executeAndRead, prepare } from '../tensor/execute.ts'
import {
  activationProof,
  adamwProof,
  attentionProof,
  crossEntropyProof,
  type GradientProof,
  gatedProof,
  inputGradientProof,
  rmsNormProof,
  rotaryProof,
  visualTokensProof,
  weightGradientProof,
} from './gradientProofs.ts'
import { larger, prove, Samples } from './proof.ts'

/** What a training is about to use; the kernels that the test compiles are the training's own. */
export interface GradientTestPlan {
  /** Storages of the weights through which gradients pass. */
  storages: readonly Storage[]
  headWidth: number
  /** The base of the rotary positions. */
  theta: number
  /** The activation of the projector, where it has one of these. */
  activation: 'gelu' | 'geluTanh' | 'silu'
}

/**
 * Proves on the device the kernels of a training, against plain arithmetic on the CPU, as `selfTest` does those of an answer: a fast
 * path that is wrong is put back to the plain one, without slowing answers; throws `wrong-result` when that is wrong too.
 */
export async function selfTestGradients(gpu: Gpu, plan: GradientTestPlan): Promise<void> {
  const { storages, headWidth, theta, activation } = plan
  await proveAll(gpu, (samples) => [
    ...storages.map((storage) => inputGradientProof(samples, storage)),
    weightGradientProof(samples),
    attentionProof(samples, headWidth),
    rotaryProof(samples, headWidth, theta),
    rmsNormProof(samples),
    gatedProof(samples),
    activationProof(samples, activation),
    visualTokensProof(samples),
    crossEntropyProof(samples),
    adamwProof(samples),
  ])
}

/** Proves cases on the device, compiling their kernels at once; see `prove`. */
export async function proveAll(
  gpu: Gpu,
  proofsOf: (samples: Samples) => (GradientProof | Promise<GradientProof>)[],
): Promise<void> {
  const samples = new Samples(gpu)
  try {
    const proofs = await Promise.all(proofsOf(samples))
    await prepare(
      gpu,
      proofs.map(
        ({ run }) =>
          (pass) =>
            void run(pass),
      ),
    )
    for (const proof of proofs) await prove(gpu, proof.paths, proof.what, () => errorOf(gpu, proof))
  } finally {
    samples.dispose()
  }
}

async function errorOf(gpu: Gpu, { what, run, want }: GradientProof): Promise<number> {
  const got = await executeAndRead(gpu, `self-test of ${what}`, run)
  let worst = 0
  for (const [name, values] of Object.entries(want))
    for (let i = 0; i < values.length; i++) worst = larger(worst, got[name]![i]! - values[i]!)
  return worst
}
