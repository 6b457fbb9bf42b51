import { expect, test } from '@playwright/test'
import { check, tabTo } from './accessibility.ts'
import { dropFiles } from './chatPage.ts'
import { askAboutSample, compare, openLab, pickOnly, smallSet } from './labPage.ts'

for (const [colorScheme, width] of [
  ['light', 1280],
  ['dark', 360],
] as const) {
  test.describe(`${colorScheme}, ${width} pixels wide`, () => {
    test.use({ colorScheme, viewport: { width, height: 740 }, contextOptions: { reducedMotion: 'reduce' } })

    test('axe finds nothing in any state of the Lab', async ({ page }) => {
      test.setTimeout(180_000)
      await openLab(page)
      await pickOnly(page, [0, 1])
      await check(page, 'nothing asked')
      await page
        .getByRole('button', { name: /^Train one like/ })
        .first()
        .click()
      await askAboutSample(page)
      await compare(page, 2)
      await check(page, 'compared')
      await dropFiles(page, smallSet(1))
      await page.getByRole('button', { name: 'Evaluate' }).click()
      await expect(page.locator('.lab-evaluate .lab-result')).toContainText('4 answers in', { timeout: 90_000 })
      await check(page, 'evaluated')
    })
  })
}

test('two projectors are compared by keyboard alone', async ({ page }) => {
  test.setTimeout(120_000)
  await openLab(page)
  await pickOnly(page, [0])
  const second = await page.locator('.pick-list b').nth(1).innerText()
  await page.locator('.pick-list input').first().focus()
  await page.keyboard.press('Tab')
  await tabTo(page, new RegExp(`^${second.replace(/\W/g, '.')}`))
  await page.keyboard.press('Space')
  await tabTo(page, /^Ask about: /)
  await page.keyboard.press('Enter')
  await tabTo(page, /^Question$/)
  await expect(page.getByLabel('Question', { exact: true })).not.toHaveValue('')
  await page.keyboard.press('Enter')
  await expect(page.locator('.visually-hidden [role=status]')).toHaveText('2 projectors have answered.', {
    timeout: 90_000,
  })
})
