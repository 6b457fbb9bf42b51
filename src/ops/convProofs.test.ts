import { afterEach, describe, expect, it } from 'vitest'
import { shaderSources } from '#shaders'
import { Gpu } from '../gpu/device.ts'
import { executeAndRead } from '../tensor/execute.ts'
import { nodeGpu } from '../testing/nodeGpu.ts'
import { convolutionProof } from './convProofs.ts'
import { Samples } from './proof.ts'

const sound = { ...shaderSources }

describe('what proves the convolutions of an abstractor', () => {
  let gpu: Gpu
  afterEach(() => {
    Object.assign(shaderSources, sound)
    gpu.dispose()
  })

  async function worst(): Promise<number> {
    gpu = await Gpu.open(nodeGpu())
    const samples = new Samples(gpu)
    const { run, want } = await convolutionProof(samples)
    const got = await executeAndRead(gpu, 'convolutions', run)
    samples.dispose()
    expect(Object.keys(got).sort()).toEqual(Object.keys(want).sort())
    const errors = Object.entries(want).flatMap(([key, values]) => {
      expect(got[key]!.length, key).toBe(values.length)
      return Array.from(values, (value, i) => Math.abs(got[key]![i]! - value))
    })
    return errors.reduce((most, error) => Math.max(most, error), 0)
  }

  it('passes where kernels are right', async () => {
    expect(await worst()).toBeLessThan(1e-4)
  })

  it.each([
    ['depthwise.wgsl', 'array(taps[8], taps[5], taps[2])', 'array(taps[2], taps[5], taps[8])'],
    ['depthwise.wgsl', 'left = collect(v, after, left);', 'left = collect(v, here, left);'],
    ['normActivation.wgsl', '- shift - n * pull', '- shift + n * pull'],
    ['normActivation.wgsl', 'gains += value', 'gains -= value'],
    ['squeezeExcite.wgsl', 'fma(vec4f(dy4[at]), factor, shift)', 'fma(vec4f(dy4[at]), factor, -shift)'],
    ['adaptivePool.wgsl', 'windowOf(r, back)', 'windowOf(r + 1.0, back)'],
  ] as const)('notices a wrong kernel: %s, %s', async (shader, right, wrong) => {
    expect(shaderSources[shader]).toContain(right)
    shaderSources[shader] = shaderSources[shader]!.replaceAll(right, wrong)
    expect(await worst()).toBeGreaterThan(1e-3)
  })
})
