import type { ProjectorConfig } from '../../checkpoint/configTypes.ts'
import type { Gpu } from '../../gpu/device.ts'
import { convolutionProof } from '../../ops/convProofs.ts'
import { samplingProof } from '../../ops/deformableProofs.ts'
import type { GradientProof } from '../../ops/gradientProofs.ts'
import type { Samples } from '../../ops/proof.ts'
import { layerNormProof, queriesProof } from '../../ops/queryProofs.ts'
import { proveAll } from '../../ops/selfTestGradients.ts'

/** What has been proved of each device. */
const proved = new WeakMap<Gpu, Set<string>>()

/**
 * Proves on the device, once, the kernels that a projector has beside those of every model, forward and backward, against plain
 * arithmetic on the CPU. Throws `wrong-result` where the device computes them wrongly.
 */
export async function proveProjector(gpu: Gpu, config: ProjectorConfig): Promise<void> {
  const known = proved.get(gpu) ?? new Set()
  proved.set(gpu, known)
  const key = JSON.stringify([config.type, 'heads' in config && [config.heads, config.hidden]])
  if (known.has(key)) return
  await proveAll(gpu, (samples) => proofsOf(samples, config))
  known.add(key)
}

function proofsOf(samples: Samples, config: ProjectorConfig): (GradientProof | Promise<GradientProof>)[] {
  switch (config.type) {
    case 'linear':
    case 'mlp2x_gelu':
    case 'mlp':
      return []
    case 'c-abs':
      return [layerNormProof(samples), convolutionProof(samples)]
    case 'd-abs': {
      const { heads, hidden } = config
      const width = hidden / heads
      return [layerNormProof(samples), queriesProof(samples, { heads, width }), samplingProof(samples, { width })]
    }
    case 'resampler':
    case 'q-former': {
      const { heads, hidden } = config
      return [layerNormProof(samples), queriesProof(samples, { heads, width: hidden / heads })]
    }
  }
}
