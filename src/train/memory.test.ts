import { describe, expect, it } from 'vitest'
import type { Model, ModelSource } from '../api.ts'
import { load } from '../index.ts'
import type { TeachExample, TeachMemory, TeachSettings } from '../teachApi.ts'
import { golden, insidesOf } from '../testing/models.ts'
import { goldenExamples } from '../testing/teaching.ts'

const name = 'llava-clip-llama'
const [first, second] = goldenExamples(name) as [TeachExample, TeachExample]

/** Questions and answers of many lengths about two images. */
const examples = Array.from({ length: 14 }, (_, i): TeachExample => {
  const words = (count: number) =>
    Array.from({ length: count }, (_, k) => ['red', 'blue', 'two'][(i + k) % 3]).join(' ')
  const turns = [{ question: `${words(1 + ((5 * i) % 17))}?`, answer: words(1 + (i % 6)) }]
  return { image: i % 2 ? first.image : second.image, turns, name: `example ${i}` }
})
const common = { batchSize: 3, steps: 24, learningRate: 1e-4 }

/** Lends a model whose pool is fresh. */
async function fresh<T>(input: ModelSource, work: (model: Model) => Promise<T>): Promise<T> {
  const model = await load(input, { weights: 'q4' })
  try {
    return await work(model)
  } finally {
    model.dispose()
  }
}

/** The forecast of a training's memory; with `most`, what it took at most in its course. */
async function memoryOf(model: Model, settings: Partial<TeachSettings>, toTheEnd = false) {
  const { gpu } = insidesOf(model)
  let memory: TeachMemory | undefined
  let most = 0
  for await (const event of model.teach(examples, { settings: { ...common, ...settings } })) {
    if (event.type === 'plan') {
      memory = event.plan.memory
      expect(memory.before + memory.features + memory.parameters).toBe(gpu.memory.total)
    }
    if (memory && !toTheEnd) break
    most = Math.max(most, gpu.memory.total)
  }
  return { ...memory!, most }
}

const cases: Partial<TeachSettings>[] = [
  { recompute: 'never' },
  { recompute: 'always' },
  { recompute: 'never', accumulate: 2, batchSize: 2 },
  { recompute: 'always', accumulate: 3, batchSize: 1, evalFraction: 0 },
]

describe('the memory of a training', () => {
  it.each(cases)('is as forecast, within a tenth: %o', async (settings) => {
    const { total, most, before } = await fresh(golden(name), (model) => memoryOf(model, settings, true))
    expect(most).toBeGreaterThan(1.2 * before)
    expect(Math.abs(total / most - 1)).toBeLessThan(0.1)
  })

  it('does not count twice what an earlier training left in the pool', async () => {
    await fresh(golden(name), async (model) => {
      const one = await memoryOf(model, { recompute: 'never' }, true)
      const two = await memoryOf(model, { recompute: 'never' }, true)
      expect(Math.abs(two.total / one.most - 1)).toBeLessThan(0.1)
      expect(Math.abs(two.total / two.most - 1)).toBeLessThan(0.1)
    })
  })

  it('is less by the activations of all layers but one where they are computed again', async () => {
    await fresh('embedded', async (model) => {
      const { config } = insidesOf(model).opened
      const { hidden, ffn, heads, kvHeads, headDim, layers } = config.text
      const rows = common.batchSize * 64
      const layer = 4 * rows * (2 * hidden + (heads + 2 * kvHeads) * headDim + 2 * ffn)
      await settle(model)
      const again = await memoryOf(model, { recompute: 'always' })
      const kept = await memoryOf(model, { recompute: 'never' })
      expect(kept.total - again.total).toBeGreaterThan((layers - 1) * layer)
      const limit = (total: number) => memoryOf(model, { recompute: 'auto', memoryLimit: total })
      expect(await limit(kept.total)).toMatchObject({ recompute: false, total: kept.total })
      expect(await limit(kept.total - 1)).toMatchObject({ recompute: true, total: again.total })
      await expect(limit(again.total - 1e6)).rejects.toMatchObject({ code: 'out-of-memory' })
    })
  })

  it('is refused with the figures where it exceeds the limit', async () => {
    await fresh(golden(name), async (model) => {
      await settle(model)
      const { total, before } = await memoryOf(model, { recompute: 'always' })
      const figure = (bytes: number) => `${(bytes / 1e6).toFixed(1)} MB`
      await expect(memoryOf(model, { memoryLimit: 2e6 })).rejects.toThrow(
        `This training needs ${figure(total)} on the GPU (${figure(before)} are in use`,
      )
      await expect(memoryOf(model, { memoryLimit: 2e6 })).rejects.toThrow('2.0 MB are allowed')
    })
  })
})

/** A first training also gives back what loading the model and the self-tests had left in the pool. */
const settle = (model: Model) => memoryOf(model, { recompute: 'always' })
