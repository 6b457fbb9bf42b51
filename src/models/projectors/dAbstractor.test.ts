import { describe, expect, it } from 'vitest'
import { Fields } from '../../checkpoint/configFields.ts'
import type { DAbstractorConfig } from '../../checkpoint/configTypes.ts'
import { readProjectorConfig } from '../../checkpoint/projectorConfig.ts'
import { sums } from '../../ops/add.ts'
import { executeAndRead, stateTensor, upload as write } from '../../tensor/execute.ts'
import { Tape } from '../../tensor/tape.ts'
import type { Tensor } from '../../tensor/tensor.ts'
import { hardNumbers } from '../../testing/hardNumbers.ts'
import { checkProjectorGolden, projectorGoldenConfig } from '../../testing/projectorGolden.ts'
import { testGpu } from '../../testing/testGpu.ts'
import { releaseParameters, trainable } from '../../train/parameters.ts'
import { parametersOf, specOf } from '../tree.ts'
import { release } from '../upload.ts'
import { type DAbstractorWeights, dAbstractor, dAbstractorSpec, evenReferencePoints } from './dAbstractor.ts'
import { freshProjector } from './fresh.ts'
import { loadProjector } from './values.ts'
import type { Sampled } from './watch.ts'

const goldens = {
  'd-abs': { positions: 36, levels: 1, features: 48, width: 64 },
  'd-abs-tgt': { positions: 16, levels: 1, features: 12, width: 10 },
  'd-abs-none': { positions: 25, levels: 1, features: 12, width: 12 },
  'd-abs-levels': { positions: 9, levels: 2, features: 10, width: 14 },
}

const ends = { positions: 16, levels: 1, features: 12, width: 12 }

const plain: DAbstractorConfig = {
  ...{ type: 'd-abs', tokens: 4, hidden: 12, layers: 2, heads: 3, points: 2, ffn: 8, levels: 1, endTokens: 0 },
  ...{ positions: true, pooled: 'query', learnedPoints: true },
}

describe('the D-Abstractor', async () => {
  for (const [name, ends] of Object.entries(goldens)) {
    const config = readProjectorConfig(Fields.of(await projectorGoldenConfig(name), name)) as DAbstractorConfig
    checkProjectorGolden(name, dAbstractorSpec('abstractor', ends, config), (pass, weights, x, { images }) =>
      dAbstractor(pass, weights, x, { images, ends, config }),
    )
  }

  it.each([
    [{ positions: 15 }, {}, 'samples square maps, but the encoder gives 15 features.'],
    [{}, { tokens: 15 }, 'spreads its queries over a square, but the number of visual tokens is 15.'],
    [{ levels: 2 }, {}, 'of 1 levels needs as many feature layers, the encoder gives 2.'],
    [{ levels: 2 }, { levels: 2 }, 'of 2 levels cannot pool features into its queries ("query").'],
    [{}, { heads: 5 }, 'of width 12 does not fall evenly on 5 heads.'],
  ])('refuses %j and %j', (end, change, message) => {
    expect(() => dAbstractorSpec('abstractor', { ...ends, ...end }, { ...plain, ...change })).toThrow(message)
  })

  it('has the paper’s 55.6 million parameters', () => {
    const sizes = { tokens: 144, hidden: 1024, layers: 6, heads: 8, points: 4, ffn: 1024 }
    const paper = { positions: 256, levels: 1, features: 1024, width: 4096 }
    expect(parametersOf(dAbstractorSpec('abstractor', paper, { ...plain, ...sizes })) / 1e6).toBeCloseTo(55.6, 1)
  })

  it('has projections only where widths differ', () => {
    const names = (features: number, width: number) =>
      Object.keys(specOf(dAbstractorSpec('a', { ...ends, features, width }, plain))).filter((name) =>
        /^a\.(input|output)_proj/.test(name),
      )
    expect(names(12, 12)).toEqual([])
    expect(names(10, 14)).toEqual([
      'a.input_proj.0.weight',
      'a.input_proj.0.bias',
      'a.output_proj.weight',
      'a.output_proj.bias',
    ])
  })

  it('begins with points from the middle of the first cell to that of the last', () => {
    expect([...evenReferencePoints(4, 16)]).toEqual([0.125, 0.125, 0.875, 0.125, 0.125, 0.875, 0.875, 0.875])
    expect([...evenReferencePoints(1, 16)]).toEqual([0.125, 0.125])
  })

  it.each([true, false])('trains its reference points only where they are learned: %s', async (learnedPoints) => {
    const gpu = await testGpu()
    const config = { ...plain, learnedPoints }
    const projector = await loadProjector(gpu, ends, config, freshProjector(ends, config, 3))
    const weights = projector.weights as DAbstractorWeights
    const parameters = trainable(gpu, weights)
    const numbers = hardNumbers(ends.positions * ends.features, 'mixed', 4)
    const features = stateTensor(gpu, 'features', [ends.positions, ends.features])
    write(gpu, features, numbers)
    const got = await executeAndRead(gpu, 'gradients', (pass) => {
      pass.tape = new Tape(new Map(parameters.map(({ operand, gradient }) => [operand, gradient])), sums)
      const y = dAbstractor(pass, weights, features, { images: 1, ends, config })
      ;(pass.tape as Tape).backward(pass, y, { ...features, shape: y.shape })
      pass.tape = undefined
      const gradientOf = (operand: Tensor) => parameters.find((parameter) => parameter.operand === operand)!.gradient
      return { reference: gradientOf(weights.reference), queries: gradientOf(weights.queries) }
    })
    gpu.memory.destroy(features.buffer)
    releaseParameters(gpu, parameters)
    release(gpu, weights)
    expect(got.queries.some((value) => value !== 0)).toBe(true)
    expect(got.reference.some((value) => value !== 0)).toBe(learnedPoints)
  })

  it('shows where each layer samples, and computes the same unwatched', async () => {
    const gpu = await testGpu()
    const values = freshProjector(ends, plain, 3)
    const projector = await loadProjector(gpu, ends, plain, values)
    const images = 2
    const numbers = hardNumbers(images * ends.positions * ends.features, 'mixed', 4)
    const features = stateTensor(gpu, 'features', [images * ends.positions, ends.features])
    write(gpu, features, numbers)
    let seen: Sampled[] = []
    const got = await executeAndRead(gpu, 'watched', (pass) => {
      seen = []
      const shape = { images, ends, config: plain }
      const weights = projector.weights as DAbstractorWeights
      const y = dAbstractor(pass, weights, features, { ...shape, watchPoints: (sampled) => seen.push(sampled) })
      const shown = seen.flatMap(({ locations, weights }, i) => [
        [`locations${i}`, locations] as const,
        [`weights${i}`, weights] as const,
      ])
      return { y, unwatched: dAbstractor(pass, weights, features, shape), ...Object.fromEntries(shown) } as Record<
        string,
        Tensor
      >
    })
    gpu.memory.destroy(features.buffer)
    release(gpu, projector.weights)
    expect(got.y).toEqual(got.unwatched)
    expect(seen.map(({ layer }) => layer)).toEqual([0, 1])
    const begin = evenReferencePoints(plain.tokens, ends.positions)
    const perQuery = plain.heads * plain.points
    for (const i of [0, 1]) {
      const [locations, weights] = [got[`locations${i}`]!, got[`weights${i}`]!]
      expect(seen[i]!.locations.shape).toEqual([images * plain.tokens, plain.heads, 1, plain.points, 2])
      locations.forEach((value, at) => {
        const query = Math.floor(at / (2 * perQuery)) % plain.tokens
        expect(Math.abs(value - begin[2 * query + (at % 2)]!)).toBeLessThan(0.1)
      })
      for (let at = 0; at < weights.length; at += plain.points)
        expect(weights[at]! + weights[at + 1]!, 'weights of a head').toBeCloseTo(1, 6)
    }
  })
})
