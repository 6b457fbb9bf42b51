import { describe, expect, it } from 'vitest'
import { Fields } from '../../checkpoint/configFields.ts'
import type { CAbstractorConfig } from '../../checkpoint/configTypes.ts'
import { readProjectorConfig } from '../../checkpoint/projectorConfig.ts'
import { checkProjectorGolden, projectorGoldenConfig } from '../../testing/projectorGolden.ts'
import { parametersOf } from '../tree.ts'
import { cAbstractor, cAbstractorSpec } from './cAbstractor.ts'

const ends = { positions: 36, levels: 1, features: 32, width: 64 }
const goldens = {
  'c-abs': ends,
  'c-abs-up': ends,
  'c-abs-ends': { positions: 9, levels: 1, features: 10, width: 12 },
  'c-abs-pooled': { positions: 16, levels: 1, features: 12, width: 8 },
}

const plain: CAbstractorConfig = {
  type: 'c-abs',
  tokens: 16,
  hidden: 48,
  depth: 1,
  mlpDepth: 1,
  positions: true,
  preNorm: false,
  endTokens: 0,
}

describe('the C-Abstractor', async () => {
  for (const [name, ends] of Object.entries(goldens)) {
    const config = readProjectorConfig(Fields.of(await projectorGoldenConfig(name), name)) as CAbstractorConfig
    checkProjectorGolden(name, cAbstractorSpec('abstractor', ends, config), (pass, weights, x, { images }) =>
      cAbstractor(pass, weights, x, { images, ends, config }),
    )
  }

  it.each([
    [{ positions: 35 }, {}, 'features per image must be a square number, found 35. Choose an encoder of square images'],
    [{}, { tokens: 15 }, 'visual tokens must be a square number, found 15. Choose another number, such as 144.'],
    [{ levels: 2 }, {}, 'sees one map per image, found 2 levels of features. Choose one feature layer.'],
  ])('refuses %j and %j', (end, change, message) => {
    const config = { ...plain, ...change } as CAbstractorConfig
    expect(() => cAbstractorSpec('abstractor', { ...ends, ...end }, config)).toThrow(message)
  })

  it('reduces a width to its quarter, halves to the even number', () => {
    const reduced = [10, 12, 14, 32].map((features) => {
      const { before } = cAbstractorSpec('abstractor', { ...ends, features }, plain)
      return before[0]!.squeeze.rows
    })
    expect(reduced).toEqual([2, 3, 4, 8])
  })

  it('has the paper’s 37 million parameters', () => {
    const paper = { ...plain, tokens: 144, hidden: 1024, depth: 3, mlpDepth: 2 }
    const spec = cAbstractorSpec('abstractor', { positions: 256, levels: 1, features: 1024, width: 4096 }, paper)
    expect(parametersOf(spec) / 1e6).toBeCloseTo(37.07, 2)
  })
})
