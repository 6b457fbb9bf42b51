import { expect, test } from '@playwright/test'
import { check, tabTo } from './accessibility.ts'
import { dropLesson, openTeach, outcome, trainButton } from './teachPage.ts'

for (const [colorScheme, width] of [
  ['light', 1280],
  ['dark', 360],
] as const) {
  test.describe(`${colorScheme}, ${width} pixels wide`, () => {
    test.use({ colorScheme, viewport: { width, height: 740 }, contextOptions: { reducedMotion: 'reduce' } })

    test('axe finds nothing in any state of a training', async ({ page }) => {
      test.setTimeout(240_000)
      await openTeach(page, { steps: 4, evalEvery: 2 })
      await page.locator('.train-settings summary').click()
      await page
        .getByLabel('Epochs')
        .or(page.getByLabel('Steps', { exact: true }))
        .first()
        .fill('')
      await check(page, 'settings with a problem')
      await page.getByLabel('Steps', { exact: true }).fill('4')
      await page.locator('.train-settings summary').click()
      await dropLesson(page)
      await trainButton(page).click()
      await expect(page.locator('.train-progress')).toBeVisible()
      await check(page, 'training')
      await outcome(page)
      await page.getByText('Figures as a table').click()
      await check(page, 'ended')
      await trainButton(page).click()
      await expect(page.locator('.outcome')).toContainText('Run 2')
      for (const name of ['Run 1', 'Run 2']) await page.getByLabel(`Compare ${name}`).check()
      await page.getByRole('button', { name: 'Rename Run 1' }).click()
      await check(page, 'compared')
    })
  })
}

test('a model is taught by keyboard alone', async ({ page }) => {
  test.setTimeout(180_000)
  await openTeach(page, { steps: 2 })
  await dropLesson(page, 3)
  await tabTo(page, /^Train$/)
  await page.keyboard.press('Enter')
  await tabTo(page, /^Pause$/)
  await page.keyboard.press('Enter')
  await expect(page.locator('.visually-hidden [role=status]')).toHaveText('Training is paused.')
  await tabTo(page, /^Go on$/)
  await page.keyboard.press('Enter')
  await outcome(page)
  await expect(page.locator('.visually-hidden [role=status]')).toContainText('Training is done')
  await tabTo(page, /^Use in chat$/)
  await page.keyboard.press('Enter')
  await tabTo(page, /^Try it in the chat$/)
  await page.keyboard.press('Enter')
  await expect(page.getByLabel('Projector').locator('option:checked')).toHaveText('Run 1')
})
