import { expect, test } from '@playwright/test'
import { ask, dropFiles, modelReady, openPage } from './chatPage.ts'
import { askAboutSample, compare, openLab, pickOnly, smallSet } from './labPage.ts'
import { longestTask } from './mainThread.ts'
import { dropLesson, openTeach, outcome, trainButton } from './teachPage.ts'

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

test('nor while it teaches', async ({ browser, page }, info) => {
  await openTeach(page)
  await dropLesson(page)
  const longest = await longestTask(browser, page, info.outputPath('trace.json'), async () => {
    await trainButton(page).click()
    await outcome(page)
    await page.getByRole('button', { name: 'Use in chat' }).click()
  })
  expect(longest).toBeLessThan(50)
})

test('nor while the Lab compares and evaluates', async ({ browser, page }, info) => {
  await openLab(page)
  await pickOnly(page, [0, 1])
  await askAboutSample(page)
  await dropFiles(page, smallSet())
  const longest = await longestTask(browser, page, info.outputPath('trace.json'), async () => {
    await compare(page, 2)
    await page.getByRole('button', { name: 'Evaluate' }).click()
    await expect(page.locator('.lab-evaluate .lab-result')).toContainText('8 answers in', { timeout: 90_000 })
  })
  expect(longest).toBeLessThan(50)
})
