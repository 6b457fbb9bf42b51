import { expect, test } from '@playwright/test'
import { adapterKind, launchOptions } from './browser.ts'
import { modelReady } from './chatPage.ts'

/** SwiftShader computes about ten times as slowly as the CPU can; the aim is for drivers that use it well. */
const limitMs = adapterKind(launchOptions()) === 'SwiftShader' ? 20_000 : 3_000

// Recording a trace costs more than the page does.
test.use({ trace: 'off' })

test('a first visit can chat within the time', async ({ browser, baseURL }, info) => {
  const taken: number[] = []
  while (taken.length < 3 && !taken.some((ms) => ms < limitMs)) {
    const context = await browser.newContext({ baseURL })
    const page = await context.newPage()
    const start = performance.now()
    await page.goto('/')
    await modelReady(page, 'Pocket')
    taken.push(performance.now() - start)
    await context.close()
  }
  info.annotations.push({ type: 'ready after', description: `${taken.map(Math.round).join(', ')} ms` })
  expect(Math.min(...taken)).toBeLessThan(limitMs)
})
