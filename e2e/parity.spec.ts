import { readFileSync } from 'node:fs'
import { resolve } from 'node:path'
import { expect, type Page, test } from '@playwright/test'
import { load, type Message, type WeightStorage } from '../src/index.ts'
import { nodeGpu } from '../src/testing/nodeGpu.ts'
import { servePage } from './pages.ts'
import type { FolderServer } from './serveFolders.ts'

const goldens = resolve(import.meta.dirname, '../goldens')
let server: FolderServer

test.beforeAll(async () => {
  server = await servePage('e2e/library')
})
test.afterAll(() => server.close())
test.beforeEach(async ({ page }) => {
  await page.goto(server.url)
  await page.waitForFunction(() => 'beagle' in globalThis)
})

interface Case {
  image: string
  question: string
  input_ids: number[]
  greedy_ids: number[]
}

for (const name of ['llava-clip-llama', 'llava-siglip-qwen2']) {
  test(`${name} answers in Chromium with the reference's ids`, async ({ page }) => {
    const { cases } = golden<{ cases: Case[] }>(`${name}/expected.json`)
    const results = await page.evaluate(
      async ({ name, cases }) => {
        const folder = `${location.origin}/goldens/${name}/`
        const model = await beagle.load({ kind: 'url', url: folder }, { weights: 'f32', cache: false })
        const results: { inputIds: number[]; ids: number[] }[] = []
        for (const { image, question, greedy_ids } of cases) {
          const blob = await (await fetch(folder + image)).blob()
          const content = [
            { type: 'image' as const, image: blob },
            { type: 'text' as const, text: question },
          ]
          const options = { temperature: 0, maxNewTokens: greedy_ids.length }
          for await (const { result } of model.chat([{ role: 'user', content }], options))
            if (result) results.push({ inputIds: result.inputIds, ids: result.ids })
        }
        model.dispose()
        return results
      },
      { name, cases },
    )
    expect(results).toEqual(cases.map((one) => ({ inputIds: one.input_ids, ids: one.greedy_ids })))
  })
}

test('stories260k tells its 200 tokens in Chromium', async ({ page }) => {
  const { ids } = golden<{ ids: number[] }>('stories260k/reference_greedy.json')
  const told = await page.evaluate(async (length) => {
    const files = await beagle.storiesFiles(
      async (name) => new Uint8Array(await (await fetch(`/goldens/stories260k/${name}`)).arrayBuffer()),
    )
    const model = await beagle.load({ kind: 'files', files }, { weights: 'f32', cache: false })
    const options = { temperature: 0, maxNewTokens: length }
    for await (const { result } of model.chat([{ role: 'user', content: '' }], options))
      if (result) return [...result.inputIds, ...result.ids]
    return []
  }, ids.length - 1)
  expect(told).toEqual(ids)
})

for (const weights of ['f32', 'q4'] as const) {
  test(`the embedded model says the same in Chromium as in Node, ${weights}`, async ({ page }) => {
    const ids = await describeInChromium(page, weights)
    expect(ids?.length).toBeGreaterThan(0)
    expect(ids).toEqual(await describeInNode(weights))
  })
}

/** Any picture will do: it need not be one the model knows. */
function picture() {
  const size = 128
  const data = new Uint8ClampedArray(size * size * 3)
  for (let i = 0; i < data.length; i++) data[i] = (i * i) >> 7
  return { width: size, height: size, data }
}

const question = 'Describe the image.'

async function describeInNode(weights: WeightStorage): Promise<number[] | undefined> {
  const model = await load('embedded', { weights, gpu: nodeGpu() })
  const content: Message['content'] = [
    { type: 'image', image: picture() },
    { type: 'text', text: question },
  ]
  try {
    for await (const { result } of model.chat([{ role: 'user', content }], { temperature: 0, maxNewTokens: 32 }))
      if (result) return result.ids
  } finally {
    model.dispose()
  }
  return undefined
}

function describeInChromium(page: Page, weights: WeightStorage): Promise<number[] | undefined> {
  const { width, height, data } = picture()
  return page.evaluate(
    async ({ weights, width, height, data, question }) => {
      const model = await beagle.load('embedded', { weights, cache: false })
      const image = { width, height, data: new Uint8ClampedArray(data) }
      const content = [
        { type: 'image' as const, image },
        { type: 'text' as const, text: question },
      ]
      for await (const { result } of model.chat([{ role: 'user', content }], { temperature: 0, maxNewTokens: 32 }))
        if (result) return result.ids
      return undefined
    },
    { weights, width, height, data: [...data], question },
  )
}

function golden<T>(path: string): T {
  return JSON.parse(readFileSync(resolve(goldens, path), 'utf8'))
}
