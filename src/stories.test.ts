import { expect, it } from 'vitest'
import { load, type WeightStorage } from './index.ts'
import { answer, forcedChoices, goldenBytes, goldenJson } from './testing/models.ts'
import { storiesFiles } from './testing/stories.ts'

const { ids } = goldenJson<{ ids: number[] }>('stories260k/reference_greedy.json')

async function stories(weights: WeightStorage) {
  const files = await storiesFiles(async (name) => goldenBytes(`stories260k/${name}`))
  return load({ kind: 'files', files }, { weights })
}

/** The share of the reference's tokens that the model would choose itself, the reference being fed in. */
async function agreement(weights: WeightStorage): Promise<number> {
  const model = await stories(weights)
  const prompt = ids.slice(0, -1)
  const chosen = await forcedChoices(model, { ids: prompt, marks: prompt.map(String), images: [] })
  model.dispose()
  return chosen.filter((id, i) => id === ids[i + 1]).length / prompt.length
}

it('tells the reference story in f32, every id of it', async () => {
  const model = await stories('f32')
  const result = await answer(model, [{ role: 'user', content: '' }], { maxNewTokens: ids.length - 1 })
  model.dispose()
  expect(result.inputIds).toEqual(ids.slice(0, 1))
  expect(result.ids).toEqual(ids.slice(1))
})

it('agrees with the reference in q8, and nearly so in q4', async () => {
  expect(await agreement('q8')).toBeGreaterThanOrEqual(0.98)
  expect(await agreement('q4')).toBeGreaterThanOrEqual(0.9)
})
