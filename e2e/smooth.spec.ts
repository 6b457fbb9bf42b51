import { expect, test } from '@playwright/test'
import { ask, modelReady, openPage } from './chatPage.ts'
import { longestTask } from './mainThread.ts'

test('no task of the main thread takes more than 50 ms of its time while the page opens and chats', async ({
  browser,
  page,
}, info) => {
  await openPage(page)
  const longest = await longestTask(browser, page, info.outputPath('trace.json'), async () => {
    await page.reload()
    await modelReady(page)
    await page.locator('.sample').first().click()
    await expect(page.locator('.thumbnails img')).toBeVisible()
    await ask(page, 'Describe the image.')
  })
  expect(longest).toBeLessThan(50)
})
