import { resolve } from 'node:path'
import { AxeBuilder } from '@axe-core/playwright'
import { expect, type Page, test } from '@playwright/test'
import { dropFiles, modelReady } from './chatPage.ts'
import { cards, groupTile, nameField, openExamples, picture, textFile, write } from './examplesPage.ts'
import { longestTask } from './mainThread.ts'

test.beforeEach(({ page }) => openExamples(page))

test('a thousand examples are added, turned over, searched and moved without a long task', async ({
  browser,
  page,
}, info) => {
  const folder = info.outputPath('many')
  for (let n = 0; n < 1000; n++) write(resolve(folder, `thing ${n % 20}/${n}.png`), picture(n % 10).bytes)
  await modelReady(page)
  const longest = await longestTask(browser, page, info.outputPath('trace.json'), async () => {
    const chooser = page.waitForEvent('filechooser')
    await page.getByRole('button', { name: 'Folder' }).click()
    await (await chooser).setFiles(folder)
    await expect(page.locator('.examples-head')).toContainText('1,000 examples, ready')
    await page.getByRole('button', { name: 'Next page' }).click()
    await page.getByLabel('Search names, questions and answers').pressSequentially('thing 1')
    await page.getByRole('button', { name: /^Select all/ }).click()
    await page.getByLabel('Move to').selectOption('thing 0')
    await expect(groupTile(page, 'thing 1')).toContainText('0')
    await page.reload()
    await expect(page.locator('.examples-head')).toContainText('1,000 examples, ready')
  })
  expect(longest).toBeLessThan(50)
})

test('without storage the examples last as long as the page', async ({ page }) => {
  await page.addInitScript(() => {
    indexedDB.open = () => {
      throw new DOMException('', 'SecurityError')
    }
  })
  await page.reload()
  await dropFiles(page, [picture(0)])
  await expect(cards(page)).toHaveCount(1)
})

test('a browser without room for the examples says so once and goes on', async ({ page }) => {
  await page.evaluate(() => {
    IDBObjectStore.prototype.put = () => {
      throw new DOMException('', 'QuotaExceededError')
    }
  })
  await dropFiles(page, [picture(0)])
  await expect(page.getByText('no room left to keep the examples')).toHaveCount(1)
  await dropFiles(page, [picture(1)])
  await expect(cards(page)).toHaveCount(2)
})

for (const colorScheme of ['light', 'dark'] as const) {
  for (const width of [1280, 390]) {
    test.describe(`${colorScheme}, ${width} pixels wide`, () => {
      test.use({ colorScheme, viewport: { width, height: 800 }, contextOptions: { reducedMotion: 'reduce' } })

      test('axe finds nothing in any state of the examples', async ({ page }) => {
        await check(page, 'empty')
        await dropFiles(page, [picture(0), picture(1), textFile('letter.pdf', '')])
        await expect(cards(page)).toHaveCount(2)
        await check(page, 'without a name, with a report')
        await nameField(page).fill('robin')
        await page.locator('.wording summary').click()
        await check(page, 'wording')
        await page.locator('.example-pick').first().click()
        await check(page, 'selection')
        await page.locator('.example-open').first().click()
        await page.getByRole('button', { name: 'Write questions and answers' }).click()
        await page.getByRole('button', { name: 'Another question' }).click()
        await check(page, 'editor')
        await page.keyboard.press('Escape')
        await page.getByRole('button', { name: /Take pictures with the camera/ }).click()
        await expect(page.getByRole('dialog', { name: 'Take pictures' })).toBeVisible()
        await check(page, 'camera')
      })
    })
  }
}

async function check(page: Page, state: string): Promise<void> {
  await test.step(state, async () => {
    const { violations } = await new AxeBuilder({ page }).include('.examples').analyze()
    expect(violations.map(({ id, nodes }) => ({ id, nodes: nodes.map(({ target }) => String(target)) }))).toEqual([])
    const overflow = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth)
    expect(overflow, 'nothing is wider than the window').toBeLessThanOrEqual(0)
  })
}
