import { afterEach, describe, expect, it } from 'vitest'
import { shaderSources } from '#shaders'
import { Gpu } from '../gpu/device.ts'
import { executeAndRead } from '../tensor/execute.ts'
import { nodeGpu } from '../testing/nodeGpu.ts'
import { samplingProof } from './deformableProofs.ts'
import { Samples } from './proof.ts'

const sound = { ...shaderSources }

describe('what proves deformable sampling', () => {
  let gpu: Gpu
  afterEach(() => {
    Object.assign(shaderSources, sound)
    gpu.dispose()
  })

  async function worstOf(width: number): Promise<number> {
    gpu = await Gpu.open(nodeGpu())
    const samples = new Samples(gpu)
    const { run, want } = samplingProof(samples, { width })
    const got = await executeAndRead(gpu, 'sampling', run)
    samples.dispose()
    expect(Object.keys(got).sort()).toEqual(Object.keys(want).sort())
    return Math.max(
      ...Object.entries(want).flatMap(([key, values]) =>
        Array.from(values, (value, i) => Math.abs(got[key]![i]! - value)),
      ),
    )
  }

  it.each([5, 16, 128])('passes where kernels are right: heads of width %i', async (width) => {
    expect(await worstOf(width)).toBeLessThan(1e-4)
  })

  it.each([
    ['deformableSampling.wgsl', 'vec2f(mapSize()) - 0.5', 'vec2f(mapSize())'],
    [
      'deformableSampling.wgsl',
      'select(part, 1.0 - part, upper == vec2u(1u))',
      'select(1.0 - part, part, upper == vec2u(1u))',
    ],
    ['deformableSampling.wgsl', 's.w - s.z, part.y', 's.z - s.w, part.y'],
    ['deformableSampling.wgsl', 'recordOf(place, begin + p - 1u, first[at])', 'recordOf(place, begin + p - 1u, 0u)'],
    ['samplingLocations.wgsl', 'sum += dLocations', 'sum -= dLocations'],
    ['samplingLocations.wgsl', 'Act(dLocations[at] / extent(i))', 'Act(dLocations[at] * extent(i))'],
    ['softmax.wgsl', '(f32(dy[i]) - mean)', '(f32(dy[i]) + mean)'],
  ])('notices a wrong kernel: %s, %s', async (shader, right, wrong) => {
    expect(shaderSources[shader]).toContain(right)
    shaderSources[shader] = shaderSources[shader]!.replaceAll(right, wrong)
    expect(await worstOf(8)).toBeGreaterThan(1e-3)
  })
})
