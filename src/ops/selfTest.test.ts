import { afterEach, describe, expect, it } from 'vitest'
import { shaderSources } from '#shaders'
import { Gpu } from '../gpu/device.ts'
import { nodeGpu } from '../testing/nodeGpu.ts'
import { type SelfTestPlan, selfTest } from './selfTest.ts'

const sound = { ...shaderSources }

/** A device whose kernels have one mistake. */
async function brokenGpu(shader: string, right: string, wrong: string): Promise<Gpu> {
  const source = sound[shader]!
  expect(source).toContain(right)
  shaderSources[shader] = source.replaceAll(right, wrong)
  return Gpu.open(nodeGpu())
}

const none: SelfTestPlan = { linear: [], matvec: [], headWidths: [] }

describe('selfTest', () => {
  let gpu: Gpu
  afterEach(() => {
    Object.assign(shaderSources, sound)
    gpu.dispose()
  })

  it('passes a device that computes rightly and keeps its fast paths', async () => {
    gpu = await Gpu.open(nodeGpu())
    const before = { ...gpu.paths }
    await selfTest(gpu, { linear: ['q4'], matvec: ['q4', 'q8'], headWidths: [16] })
    expect(gpu.paths).toEqual(before)
  })

  it('gives up a fast path that is wrong', async ({ skip }) => {
    gpu = await brokenGpu('matvecShuffled.wgsl', 'blockWeight4(values, k)', 'blockWeight4(values, 7u - k)')
    if (gpu.paths.matvec === 'plain') skip('this device has no fast path')
    await selfTest(gpu, { ...none, matvec: ['q4'] })
    expect(gpu.paths.matvec).toBe('plain')
  })

  it.each([
    ['linear', { ...none, linear: ['q8'] } as SelfTestPlan, 'storage/q8.wgsl', 'vec4u(24u)', 'vec4u(23u)'],
    ['matvec', { ...none, matvec: ['q4'] } as SelfTestPlan, 'storage/q4.wgsl', '- 8.0', '- 7.0'],
  ])('refuses a device that computes %s wrongly', async (_op, plan, shader, right, wrong) => {
    gpu = await brokenGpu(shader, right, wrong)
    await expect(selfTest(gpu, plan)).rejects.toMatchObject({ code: 'wrong-result' })
  })
})
