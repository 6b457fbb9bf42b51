import { afterEach, describe, expect, it } from 'vitest'
import { shaderSources } from '#shaders'
import { Gpu } from '../gpu/device.ts'
import { nodeGpu } from '../testing/nodeGpu.ts'
import { selfTestGradients } from './selfTestGradients.ts'

const sound = { ...shaderSources }
const plan = { storages: ['q4', 'q8', 'f32'], headWidth: 16, theta: 10_000, activation: 'gelu' } as const

describe('selfTestGradients', () => {
  let gpu: Gpu
  afterEach(() => {
    Object.assign(shaderSources, sound)
    gpu.dispose()
  })

  /** A device whose kernels have a mistake: in the shader, `wrong` stands for `right`. */
  async function breakGpu(...mistakes: (readonly [shader: string, right: string, wrong: string])[]): Promise<void> {
    for (const [shader, right, wrong] of mistakes) {
      expect(shaderSources[shader]).toContain(right)
      shaderSources[shader] = shaderSources[shader]!.replaceAll(right, wrong)
    }
    gpu = await Gpu.open(nodeGpu())
  }

  it('passes a device that computes rightly, keeps its fast paths and leaves nothing on it', async () => {
    await breakGpu()
    const before = { ...gpu.paths }
    await selfTestGradients(gpu, { ...plan, storages: ['q4', 'q8', 'f16', 'f32'], headWidth: 128 })
    await selfTestGradients(gpu, { ...plan, activation: 'geluTanh' })
    expect(gpu.paths).toEqual(before)
    expect(gpu.memory.bytes.weights).toBe(0)
  })

  it.each([
    ['linearGradient', 'linearGradientShuffled.wgsl', 'pick(sums, i / 4u)', 'pick(sums, 1u ^ (i / 4u))'],
    ['linearGradient', 'linearGradientShuffled.wgsl', 'pick(sums, r)', 'pick(sums, 1u ^ r)'],
    ['attentionGradient', 'attentionGradientShuffled.wgsl', 'lane ^ 4u', 'lane ^ 2u'],
  ] as const)(
    'gives up a fast %s where %s is wrong (%s), and the answers stay fast',
    async (path, shader, right, wrong) => {
      await breakGpu([shader, right, wrong])
      const before = { ...gpu.paths }
      await selfTestGradients(gpu, plan)
      expect(gpu.paths).toEqual({ ...before, [path]: 'plain' })
    },
  )

  it.each([
    ['the gradient through a linear layer in q4', [['storage/q4.wgsl', '- 8.0', '- 7.0']]],
    ['the gradient of a linear layer', [['linearGradientRows.wgsl', '+= sums', '-= sums']]],
    [
      'the gradient of attention of width 16',
      [['attentionGradient.wgsl', 'into[line] = vec2f(', 'into[line] = -vec2f(']],
    ],
    ['the gradient of rmsNorm', [['rmsNorm.wgsl', '- pull *', '+ pull *']]],
    ['the gradient of a gated activation', [['activations.wgsl', '(1.0 - s)', '(1.0 + s)']]],
    ['the gradient of gelu', [['activations.wgsl', '0.39894228 * near', '-0.39894228 * near']]],
    ['rotary positions', [['rotary.wgsl', '~turn + 1u', 'turn']]],
    ['the gradient of visual tokens', [['gather.wgsl', 'if (found) { sum +=', 'if (found) { sum -=']]],
    ['the loss', [['crossEntropy.wgsl', '(p - ', '(p + ']]],
    ['a step of the optimizer', [['adamw.wgsl', '- params.stepSize', '+ params.stepSize']]],
    ['a step of the optimizer', [['gradNorm.wgsl', 'sqrt(', '(']]],
  ] as [string, [string, string, string][]][])(
    'refuses a device whose kernels are wrong: %s',
    async (what, mistakes) => {
      await breakGpu(...mistakes)
      await expect(selfTestGradients(gpu, plan)).rejects.toMatchObject({
        code: 'wrong-result',
        message: expect.stringContaining(what),
      })
    },
  )
})
