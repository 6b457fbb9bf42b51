import { describe, expect, it } from 'vitest'
import type { LlavaProjectorConfig } from '../../checkpoint/configTypes.ts'
import { testGpu } from '../../testing/testGpu.ts'
import { release } from '../upload.ts'
import { freshProjector } from './fresh.ts'
import { loadProjector, readProjector } from './values.ts'

const ends = { positions: 4, levels: 1, features: 100, width: 44 }
type LlavaType = LlavaProjectorConfig['type']
const types: LlavaType[] = ['linear', 'mlp2x_gelu']
const configOf = (type: LlavaType, bias = true): LlavaProjectorConfig => ({ type, bias, act: 'geluErf' })
const fresh = (type: LlavaType, seed: number) => freshProjector(ends, configOf(type), seed)

describe('a fresh projector', () => {
  it.each([
    ['linear', { linear_1: 100 }],
    ['mlp2x_gelu', { linear_1: 100, linear_2: 44 }],
  ] as const)('of type %s begins as PyTorch begins its layers: uniform within ±1/√inputs', (type, inputs) => {
    const values = fresh(type, 1)
    expect(Object.keys(values).length).toBe(2 * Object.keys(inputs).length)
    for (const [name, numbers] of Object.entries(values)) {
      const [, layer, what] = name.split('.') as [string, keyof typeof inputs, string]
      const width = (inputs as Record<string, number>)[layer]!
      const bound = 1 / Math.sqrt(width)
      expect(numbers.length, name).toBe(what === 'bias' ? 44 : 44 * width)
      expect(Math.max(...numbers.map(Math.abs)), name).toBeLessThanOrEqual(bound)
      if (what === 'bias') continue
      const mean = numbers.reduce((sum, value) => sum + value, 0) / numbers.length
      const variance = numbers.reduce((sum, value) => sum + value * value, 0) / numbers.length
      expect(Math.abs(mean), name).toBeLessThan(bound / 20)
      expect(variance / (bound ** 2 / 3), name).toBeCloseTo(1, 1)
    }
  })

  it('is the same for the same seed and no other', () => {
    expect(fresh('mlp2x_gelu', 7)).toEqual(fresh('mlp2x_gelu', 7))
    expect(fresh('mlp2x_gelu', 7)).not.toEqual(fresh('mlp2x_gelu', 8))
  })

  it.each(types.flatMap((type) => [true, false].map((bias) => configOf(type, bias))))(
    'comes back from the GPU as it went there: %j',
    async (config) => {
      const gpu = await testGpu()
      const values = freshProjector(ends, config, 3)
      const before = gpu.memory.bytes.weights
      const projector = await loadProjector(gpu, ends, config, values)
      expect(await readProjector(gpu, projector)).toEqual(values)
      release(gpu, projector.weights)
      expect(gpu.memory.bytes.weights).toBe(before)
    },
  )
})
