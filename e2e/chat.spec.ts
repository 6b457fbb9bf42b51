import { expect, type Page, test } from '@playwright/test'
import { answered, answers, ask, figures, openPage, startWithSampling } from './chatPage.ts'

async function useSample(page: Page): Promise<void> {
  await page.locator('.sample').first().click()
  await expect(page.locator('.thumbnails img')).toBeVisible()
}

test('a second question about an image encodes nothing and computes only its new tokens', async ({ page }) => {
  await openPage(page)
  await useSample(page)
  await ask(page, 'How many things are there?')
  await ask(page, 'Describe the image.')
  const [first, second] = [await figures(page, 0), await figures(page, 1)]
  expect(first['Images encoded now']).toBe('1')
  expect(second['Images encoded now']).toBe('none, all known')
  const fresh = Number(/(\d+) new/.exec(second['Prompt tokens'] ?? '')?.[1])
  expect(fresh).toBeLessThan(40)
  await expect(answers(page).nth(1).locator('.figures summary')).toContainText('tokens/s')
})

test('Esc stops an answer; it can be asked again, edited and cleared', async ({ page }) => {
  await startWithSampling(page, { maxNewTokens: 1024, temperature: 2 })
  await openPage(page)
  await useSample(page)
  await page.getByRole('textbox', { name: 'Ask about the image' }).fill('Tell me a long story.')
  await page.keyboard.press('Enter')
  await expect(answers(page).first()).toHaveClass(/is-writing/, { timeout: 60_000 })
  await page.keyboard.press('Escape')
  await expect(answers(page).first()).toHaveClass(/is-stopped/)
  await page.evaluate(() => localStorage.setItem('beagle.sampling', JSON.stringify({ maxNewTokens: 3 })))
  await page.reload()
  await expect(page.locator('.model-chip.is-ready')).toBeVisible()
  await expect(page.locator('.bubble')).toHaveText(['Tell me a long story.'])

  await page.getByRole('button', { name: 'Regenerate answer' }).click()
  await answered(page, 0)
  await page.getByRole('button', { name: 'Edit question' }).click()
  await page.getByRole('textbox', { name: 'Edit the question' }).fill('What is this?')
  await page.keyboard.press('Enter')
  await answered(page, 0)
  await expect(page.locator('.bubble')).toHaveText(['What is this?'])
  await page.getByRole('button', { name: 'New chat' }).click()
  await expect(page.getByRole('heading', { name: 'Show me a picture' })).toBeVisible()
})
