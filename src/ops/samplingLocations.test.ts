import { describe } from 'vitest'
import { checkGradients } from '../testing/checkGradients.ts'
import { type Arrays, checkOp } from '../testing/checkOp.ts'
import { samplingLocations } from './samplingLocations.ts'

const maps = [
  { height: 3, width: 7 },
  { height: 24, width: 24 },
  { height: 1, width: 2 },
]

const cases = [
  { images: 1, queries: 1, heads: 1, levels: 1, points: 1 },
  { images: 3, queries: 5, heads: 2, levels: 3, points: 3 },
  { images: 2, queries: 9, heads: 11, levels: 2, points: 4 },
  { images: 1, queries: 70, heads: 8, levels: 1, points: 5 },
]

type Case = (typeof cases)[0]

const inputs = ({ images, queries, heads, levels, points }: Case) => ({
  reference: { shape: [1, queries, 2] },
  offsets: { shape: [images * queries, heads * levels * points * 2], activation: true },
})

const levelsOf = ({ levels }: Case) => maps.slice(0, levels)

const reference = ({ reference, offsets }: Arrays, c: Case) => ({
  y: offsets!.map((offset, i) => {
    const query = Math.floor(i / (2 * c.points * c.levels * c.heads)) % c.queries
    const { width, height } = maps[Math.floor(i / (2 * c.points)) % c.levels]!
    return reference![2 * query + (i % 2)]! + offset / (i % 2 ? height : width)
  }),
})

describe('samplingLocations', () => {
  checkOp('samplingLocations', {
    cases,
    inputs,
    run: (pass, { reference, offsets }, c) => ({
      y: samplingLocations(pass, { reference: reference!, offsets: offsets! }, { ...c, levels: levelsOf(c) }),
    }),
    reference,
  })

  checkGradients('samplingLocations', {
    cases,
    inputs,
    run: (pass, { reference, offsets }, c) =>
      samplingLocations(pass, { reference: reference!, offsets: offsets! }, { ...c, levels: levelsOf(c) }),
    reference,
    wrt: ['reference', 'offsets'],
    activations: ['f32'],
    peak: 100,
  })
})
