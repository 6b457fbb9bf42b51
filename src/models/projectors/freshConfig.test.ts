import { describe, expect, it } from 'vitest'
import type { LlavaConfig } from '../../checkpoint/configTypes.ts'
import { type FreshProjector, projectorTypes } from '../../teachApi.ts'
import { leavesOf, specOf } from '../tree.ts'
import { endsOf } from './ends.ts'
import { freshProjector } from './fresh.ts'
import { freshConfig, freshLike, planFresh } from './freshConfig.ts'
import { projectorSpec, visualTokensOf } from './projector.ts'

const model = {
  ...{ vision: { hidden: 192 }, text: { hidden: 256, vocab: 1308 }, featureLayers: [6], positions: 64, levels: 1 },
  projector: { type: 'mlp2x_gelu', act: 'geluTanh', bias: true },
} as LlavaConfig
const ends = endsOf(model)

describe('a fresh projector’s config', () => {
  it('has the paper’s sizes in proportion to the model', () => {
    expect(freshConfig('mlp2x_gelu', model)).toEqual(model.projector)
    expect(freshConfig('mlp', model)).toEqual({ type: 'mlp', depth: 2, act: 'silu' })
    expect(freshConfig('c-abs', model)).toMatchObject({
      tokens: 36,
      hidden: 192,
      depth: 3,
      mlpDepth: 2,
      positions: true,
    })
    expect(freshConfig('d-abs', model)).toMatchObject({ tokens: 36, layers: 6, heads: 8, points: 4, pooled: 'query' })
    expect(freshConfig('resampler', model)).toMatchObject({ tokens: 36, layers: 6, heads: 16, ffn: 768 })
    expect(freshConfig('q-former', model)).toMatchObject({ tokens: 32, layers: 12, heads: 12, vocab: 1308 })
  })

  it('takes the sizes that are given', () => {
    const chosen: FreshProjector = { type: 'd-abs', tokens: 16, depth: 2, hidden: 96, heads: 4, points: 2, ffn: 64 }
    expect(freshConfig(chosen, model)).toMatchObject({
      tokens: 16,
      layers: 2,
      hidden: 96,
      heads: 4,
      points: 2,
      ffn: 64,
    })
    expect(visualTokensOf({ ends, config: freshConfig({ type: 'c-abs', tokens: 16, endTokens: 2 }, model) })).toBe(18)
  })

  it.each<[FreshProjector, RegExp]>([
    [{ type: 'perceiver' as 'mlp' }, /There is no projector of type "perceiver"; there are linear, mlp2x_gelu/],
    [{ type: 'mlp', tokens: 16, heads: 2 }, /"mlp" takes depth; found tokens, heads/],
    [{ type: 'linear', depth: 2 }, /"linear" takes no sizes; found depth/],
    [{ type: 'c-abs', tokens: 2.5 }, /tokens.*whole number of at least 1/i],
    [{ type: 'c-abs', tokens: 15 }, /tokens: 15 is no square number; 9 and 16 are/],
    [{ type: 'mlp', depth: 0 }, /depth: A whole number of at least 1, not 0/],
    [{ type: 'resampler', heads: 5 }, /heads: 192 does not divide by 5 heads; 1, 2, 3, 4, 6, 8, 12, 16 do/],
    [{ type: 'resampler', depth: 1e6 }, /depth: At most 256/],
  ])('refuses %j', (start, message) => {
    expect(() => freshConfig(start, model)).toThrow(message)
  })

  it('is planned with every size filled in, and what is wrong told by size', () => {
    expect(planFresh({ type: 'c-abs', tokens: 16, endTokens: 1 }, model)).toEqual({
      sizes: { tokens: 16, depth: 3, hidden: 192, mlpDepth: 2, endTokens: 1 },
      problems: {},
      positions: 64,
      visualTokens: 17,
      parameters: expect.any(Number),
    })
    const wrong = planFresh({ type: 'd-abs', tokens: 15, heads: 7, depth: 2 }, model)
    expect(Object.keys(wrong.problems)).toEqual(['tokens', 'heads'])
    expect(wrong).toMatchObject({ sizes: { tokens: 36, heads: 8, depth: 2 } })
    expect(wrong.parameters).toBeUndefined()
    expect(planFresh({ type: 'linear', tokens: 3 }, model)).toMatchObject({ sizes: {}, problems: {}, visualTokens: 64 })
  })

  it('names under its type what no size can mend', () => {
    const { problems } = planFresh('c-abs', { ...model, positions: 65 })
    expect(problems).toEqual({ type: expect.stringContaining('65') })
  })

  it.each(projectorTypes)('of type %s is told by its config', (type) => {
    const config = freshConfig(type, model)
    expect(freshConfig(freshLike(config), model)).toEqual(config)
  })

  it.each(projectorTypes)('of type %s begins with values for each of its tensors', (type) => {
    const config = freshConfig(type, model)
    const values = freshProjector(ends, config, 5)
    const wanted = specOf(projectorSpec(ends, config))
    expect(Object.keys(values)).toEqual(Object.keys(wanted))
    for (const [name, numbers] of Object.entries(values)) {
      expect(numbers.length, name).toBe(wanted[name]!.shape.reduce((size, n) => size * n, 1))
      expect(numbers.every(Number.isFinite), name).toBe(true)
    }
  })

  it.each(['c-abs', 'd-abs', 'resampler', 'q-former'] as const)(
    'of type %s begins as Honeybee’s post_init leaves it',
    (type) => {
      const config = freshConfig(type, model)
      const values = freshProjector(ends, config, 5)
      const { sources } = { sources: leavesOf(projectorSpec(ends, config)).flatMap((leaf) => leaf.sources) }
      for (const { name, shape } of sources.filter(({ name }) => !name.endsWith('reference_points'))) {
        const numbers = values[name]!
        const isNorm = shape.length === 1 && name.endsWith('.weight')
        if (isNorm || name.endsWith('.bias'))
          expect(
            numbers.every((value) => value === (isNorm ? 1 : 0)),
            name,
          ).toBe(true)
        else if (numbers.length > 5000) {
          const deviation = Math.sqrt(numbers.reduce((sum, value) => sum + value * value, 0) / numbers.length)
          expect(deviation, name).toBeCloseTo(0.02, 3)
        }
      }
    },
  )

  it('of a D-Abstractor places its reference points evenly from the first cell to the last, x first', () => {
    const values = freshProjector(ends, freshConfig({ type: 'd-abs', tokens: 4 }, model), 5)
    expect([...values['abstractor.reference_points']!]).toEqual(
      [0.5, 0.5, 7.5, 0.5, 0.5, 7.5, 7.5, 7.5].map((pixel) => pixel / 8),
    )
  })
})
