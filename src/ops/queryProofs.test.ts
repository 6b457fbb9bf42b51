import { afterEach, describe, expect, it } from 'vitest'
import { shaderSources } from '#shaders'
import { Gpu } from '../gpu/device.ts'
import { executeAndRead } from '../tensor/execute.ts'
import { nodeGpu } from '../testing/nodeGpu.ts'
import { Samples } from './proof.ts'
import { layerNormProof, queriesProof } from './queryProofs.ts'

const sound = { ...shaderSources }

describe('what proves a projector with queries', () => {
  let gpu: Gpu
  afterEach(() => {
    Object.assign(shaderSources, sound)
    gpu.dispose()
  })

  const proofs = {
    queries: (samples: Samples) => queriesProof(samples, { heads: 2, width: 16 }),
    narrow: (samples: Samples) => queriesProof(samples, { heads: 3, width: 6 }),
    layerNorm: layerNormProof,
  }

  async function worstOf(name: keyof typeof proofs): Promise<number> {
    gpu = await Gpu.open(nodeGpu())
    const samples = new Samples(gpu)
    const { run, want } = proofs[name](samples)
    const got = await executeAndRead(gpu, name, run)
    samples.dispose()
    expect(Object.keys(got)).toEqual(Object.keys(want))
    return Math.max(
      ...Object.entries(want).flatMap(([key, values]) =>
        Array.from(values, (value, i) => Math.abs(got[key]![i]! - value)),
      ),
    )
  }

  it.each(['queries', 'narrow', 'layerNorm'] as const)('passes where kernels are right: %s', async (name) => {
    expect(await worstOf(name)).toBeLessThan(1e-5)
  })

  it.each([
    ['queries', 'joinRows.wgsl', 'within - params.aRows', 'within'],
    ['queries', 'takeRows.wgsl', 'value = dy4[', 'value = -dy4['],
    ['narrow', 'takeRows.wgsl', 'params.whole + params.first', 'params.whole + 1u + params.first'],
    ['layerNorm', 'layerNorm.wgsl', '- shift - pull', '- shift + pull'],
  ] as const)('notices a wrong kernel: %s, %s', async (name, shader, right, wrong) => {
    expect(shaderSources[shader]).toContain(right)
    shaderSources[shader] = shaderSources[shader]!.replaceAll(right, wrong)
    expect(await worstOf(name)).toBeGreaterThan(1e-3)
  })
})
