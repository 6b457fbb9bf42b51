import { expect, type Page, test } from '@playwright/test'
import { ask, limitAnswers, modelReady, openPage } from './chatPage.ts'

async function keptOffline(page: Page): Promise<void> {
  await page.evaluate(async () => {
    await navigator.serviceWorker.ready
    if (navigator.serviceWorker.controller) return
    await new Promise((resolve) => navigator.serviceWorker.addEventListener('controllerchange', resolve))
  })
}

test('after the first visit the page opens and answers with the network off', async ({ page, context }) => {
  await limitAnswers(page, 4)
  await openPage(page)
  await keptOffline(page)
  await context.setOffline(true)
  await page.reload()
  await modelReady(page)
  await page.locator('.sample').first().click()
  await expect(page.locator('.thumbnails img')).toBeVisible()
  expect(await ask(page, 'What is in the image?')).not.toBe('')
})

test('chatting sends nothing to any host', async ({ page, context }) => {
  await limitAnswers(page, 4)
  await openPage(page)
  await page.locator('.sample').first().click()
  await expect(page.locator('.thumbnails img')).toBeVisible()
  await keptOffline(page)
  const requests: string[] = []
  context.on('request', (request) => requests.push(request.url()))
  await ask(page, 'What is in the image?')
  await ask(page, 'Describe the image.')
  expect(requests.filter((url) => !url.startsWith('blob:'))).toEqual([])
})
