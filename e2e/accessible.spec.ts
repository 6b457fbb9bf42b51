import { AxeBuilder } from '@axe-core/playwright'
import { expect, type Page, test } from '@playwright/test'
import { answered, limitAnswers, modelReady } from './chatPage.ts'

async function check(page: Page, state: string): Promise<void> {
  await test.step(state, async () => {
    const { violations } = await new AxeBuilder({ page }).analyze()
    expect(violations.map(({ id, nodes }) => ({ id, nodes: nodes.map(({ target }) => String(target)) }))).toEqual([])
    const overflow = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth)
    expect(overflow, 'nothing is wider than the window').toBeLessThanOrEqual(0)
  })
}

for (const colorScheme of ['light', 'dark'] as const) {
  for (const width of [1280, 360]) {
    test.describe(`${colorScheme}, ${width} pixels wide`, () => {
      test.use({ colorScheme, viewport: { width, height: 740 }, contextOptions: { reducedMotion: 'reduce' } })

      test('axe finds nothing in any state', async ({ page }) => {
        await limitAnswers(page, 4)
        await page.goto('/')
        await modelReady(page)
        await check(page, 'empty')
        await page.locator('.sample').first().click()
        await expect(page.locator('.thumbnails img')).toBeVisible()
        await check(page, 'with an image')
        await page.locator('.suggestion').first().click()
        await answered(page, 0)
        await page.getByText('details').click()
        await check(page, 'answered')
        for (const panel of ['Settings', 'Device']) {
          await page.getByRole('button', { name: panel, exact: true }).click()
          await expect(page.getByRole('heading', { name: panel, exact: true })).toBeVisible()
          await check(page, panel)
          await page.keyboard.press('Escape')
        }
        await page.locator('.model-chip').click()
        await page.getByText('Host and access').click()
        await page.getByLabel('Hub id').fill('nonsense')
        await page.keyboard.press('Enter')
        await expect(page.getByText('A hub id is an owner and a name')).toBeVisible()
        await check(page, 'model menu')
        await page.getByLabel('Address of a model folder').fill(new URL('/no/model', page.url()).href)
        await page.keyboard.press('Enter')
        await expect(page.locator('.problem')).toBeVisible()
        await check(page, 'problem')
      })
    })
  }
}

test('everything works by keyboard alone', async ({ page }) => {
  await limitAnswers(page, 4)
  await page.goto('/')
  await modelReady(page)
  const focused = () => page.evaluate(() => document.activeElement?.getAttribute('aria-label') ?? '')
  const tabTo = async (name: RegExp) => {
    for (let presses = 0; presses < 30; presses++) {
      if (name.test(await focused())) return
      await page.keyboard.press('Tab')
    }
    throw new Error(`Tab does not reach ${name}`)
  }
  expect(await focused()).toBe('Ask about the image')
  await tabTo(/^Model: /)
  await page.keyboard.press('Enter')
  await expect(page.getByRole('dialog', { name: 'Model' })).toBeVisible()
  await page.keyboard.press('Escape')
  await expect(page.getByRole('dialog')).toHaveCount(0)
  expect(await focused()).toMatch(/^Model: /)
  await tabTo(/^Use sample/)
  await page.keyboard.press('Enter')
  await tabTo(/^Remove /)
  await tabTo(/^Ask about the image/)
  await page.keyboard.type('What is this?')
  await page.keyboard.press('Shift+Enter')
  await page.keyboard.type('Say it')
  await expect(page.getByRole('textbox', { name: 'Ask about the image' })).toHaveValue('What is this?\nSay it')
  await page.keyboard.press('Enter')
  await answered(page, 0)
  await expect(page.locator('.visually-hidden [role=status]')).not.toBeEmpty()
})
