import { describe, expect, it } from 'vitest'
import { epochOrder, holdOut, microBatches, splitExamples, stepsOf } from './order.ts'

const numbers = (count: number) => Array.from({ length: count }, (_, i) => i)
const sorted = (values: number[]) => values.toSorted((a, b) => a - b)
const kinds = (counts: Record<string, number>) =>
  Object.entries(counts).flatMap(([kind, count]) => Array<string>(count).fill(kind))
const countOf = (kind: string, of: string[], examples: number[]) => examples.filter((i) => of[i] === kind).length

describe('epochOrder', () => {
  it('is a shuffle that seed and epoch determine', () => {
    const orders = [epochOrder(50, 1, 0), epochOrder(50, 1, 1), epochOrder(50, 2, 0)]
    for (const order of orders) expect(sorted(order)).toEqual(numbers(50))
    expect(new Set(orders.map(String)).size).toBe(3)
    expect(epochOrder(50, 1, 1)).toEqual(orders[1])
  })

  it('puts every example in every place about equally often', () => {
    const places = numbers(4).map(() => [0, 0, 0, 0])
    for (let epoch = 0; epoch < 4000; epoch++) {
      for (const [at, example] of epochOrder(4, 7, epoch).entries()) places[example]![at]!++
    }
    for (const count of places.flat()) expect(Math.abs(count - 1000)).toBeLessThan(120)
  })
})

describe('microBatches', () => {
  const settings = { batchSize: 3, accumulate: 2, seed: 5 }
  const alike = (count: number) => Array<number>(count).fill(7)

  it('goes through epoch after epoch, filling the last batch from the next one', () => {
    const seen = [1, 2, 3, 4].flatMap((step) => microBatches(alike(8), step, settings)).flat()
    expect(seen).toEqual(numbers(3).flatMap((epoch) => epochOrder(8, 5, epoch)))
  })

  it('takes a batch larger than the data from several epochs', () => {
    const [batch] = microBatches(alike(2), 1, { ...settings, batchSize: 5 })
    expect(batch!.slice(0, 4)).toEqual([...epochOrder(2, 5, 0), ...epochOrder(2, 5, 1)])
  })

  it('puts examples of like length together within a step, and only there', () => {
    const lengths = numbers(12).map((i) => (i * 5) % 12)
    const steps = [1, 2].map((step) => microBatches(lengths, step, settings))
    const drawn = epochOrder(12, 5, 0)
    for (const [i, groups] of steps.entries()) {
      expect(groups.map(({ length }) => length)).toEqual([3, 3])
      expect(sorted(groups.flat())).toEqual(sorted(drawn.slice(6 * i, 6 * i + 6)))
      expect(Math.max(...groups[0]!.map((at) => lengths[at]!))).toBeLessThan(
        Math.min(...groups[1]!.map((at) => lengths[at]!)),
      )
    }
  })
})

describe('stepsOf', () => {
  it('takes the steps, or counts the epochs', () => {
    const settings = { steps: 7, epochs: 2, batchSize: 4, accumulate: 2, seed: 0 }
    expect(stepsOf(settings, 100)).toBe(7)
    expect(stepsOf({ ...settings, steps: 0 }, 100)).toBe(25)
    expect(stepsOf({ ...settings, steps: 0 }, 101)).toBe(26)
    expect(stepsOf({ ...settings, steps: 0, epochs: 1 }, 1)).toBe(1)
  })
})

describe('splitExamples', () => {
  it('parts the examples, the same way for the same seed', () => {
    const none = Array<undefined>(40).fill(undefined)
    const { train, heldOut } = splitExamples(none, 0.25, 3)
    expect(sorted([...train, ...heldOut])).toEqual(numbers(40))
    expect(heldOut.length).toBe(10)
    expect(splitExamples(none, 0.25, 3)).toEqual({ train, heldOut })
    expect(splitExamples(none, 0.25, 4).heldOut).not.toEqual(heldOut)
  })

  it('takes from every kind its share and leaves some of each', () => {
    const of = kinds({ a: 60, b: 30, c: 9, d: 1 })
    const { heldOut } = splitExamples(of, 0.1, 1)
    expect(['a', 'b', 'c', 'd'].map((kind) => countOf(kind, of, heldOut))).toEqual([6, 3, 1, 0])
    const pairs = kinds({ a: 2, b: 2, c: 2 })
    const most = splitExamples(pairs, 0.9, 1)
    expect(['a', 'b', 'c'].map((kind) => countOf(kind, pairs, most.train))).toEqual([1, 1, 1])
  })

  it('holds out at least one and trains on at least one', () => {
    expect(splitExamples(['a', 'b'], 0.01, 1).heldOut.length).toBe(1)
    expect(splitExamples(['a', 'a'], 0.9, 1).train.length).toBe(1)
    expect(splitExamples(['a'], 0.5, 1)).toEqual({ train: [0], heldOut: [] })
    expect(splitExamples([], 0.5, 1)).toEqual({ train: [], heldOut: [] })
    expect(splitExamples(['a', 'a', 'b'], 0, 1)).toEqual({ train: [0, 1, 2], heldOut: [] })
  })
})

describe('holdOut', () => {
  const about = (...keys: string[]) => keys.map((key) => ({ key }))

  it('keeps the examples about one image together', () => {
    const examples = about('a', 'b', 'a', 'c', 'd', 'b', 'e', 'a', 'e')
    for (const seed of numbers(20)) {
      const { train, heldOut } = holdOut(examples, 0.4, seed)
      expect(sorted([...train, ...heldOut])).toEqual(numbers(9))
      const seen = new Set(train.map((i) => examples[i]!.key))
      expect(heldOut.filter((i) => seen.has(examples[i]!.key))).toEqual([])
      expect(new Set(heldOut.map((i) => examples[i]!.key)).size).toBe(2)
    }
  })

  it('goes by example where there are few images', () => {
    const { train, heldOut } = holdOut(about('a', 'b', 'a', 'b', 'a', 'b', 'a', 'b'), 0.25, 1)
    expect([train.length, heldOut.length]).toEqual([6, 2])
  })
})
