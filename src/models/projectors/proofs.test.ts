import { afterEach, describe, expect, it } from 'vitest'
import { shaderSources } from '#shaders'
import type { ProjectorConfig } from '../../checkpoint/configTypes.ts'
import { Gpu } from '../../gpu/device.ts'
import { nodeGpu } from '../../testing/nodeGpu.ts'
import { proveProjector } from './proofs.ts'

const sound = { ...shaderSources }
const shape = { tokens: 4, hidden: 32, endTokens: 0, positions: true }
const cAbs: ProjectorConfig = { type: 'c-abs', ...shape, depth: 1, mlpDepth: 1, preNorm: false }
const dAbs: ProjectorConfig = {
  ...{ type: 'd-abs', ...shape, layers: 1, heads: 2, points: 2, ffn: 32, levels: 1 },
  ...{ pooled: 'query', learnedPoints: true },
}
const resampler: ProjectorConfig = { type: 'resampler', ...shape, layers: 1, heads: 2, ffn: 32, eps: 1e-6 }

describe('proveProjector', () => {
  let gpu: Gpu
  afterEach(() => {
    Object.assign(shaderSources, sound)
    gpu.dispose()
  })

  it.each([cAbs, dAbs, resampler])(
    'passes a device that computes a $type rightly, once, and leaves nothing on it',
    async (config) => {
      gpu = await Gpu.open(nodeGpu())
      await proveProjector(gpu, config)
      expect(gpu.memory.bytes.weights).toBe(0)
      shaderSources['layerNorm.wgsl'] = ''
      await proveProjector(gpu, config)
    },
  )

  it.each<[ProjectorConfig, string, string, string]>([
    [cAbs, 'adaptivePool.wgsl', 'sum += part', 'sum -= part'],
    [dAbs, 'deformableSampling.wgsl', '- 0.5;', '- 0.25;'],
    [dAbs, 'deformableSampling.wgsl', 'select(part, 1.0 - part,', 'select(1.0 - part, part,'],
    [resampler, 'takeRows.wgsl', '+ params.first + row', '+ row'],
  ])('refuses a $type of which a kernel is wrong', async (config, shader, right, wrong) => {
    expect(shaderSources[shader]).toContain(right)
    shaderSources[shader] = shaderSources[shader]!.replaceAll(right, wrong)
    gpu = await Gpu.open(nodeGpu())
    await expect(proveProjector(gpu, config)).rejects.toMatchObject({ code: 'wrong-result' })
  })
})
