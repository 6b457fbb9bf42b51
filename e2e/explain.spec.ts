import { AxeBuilder } from '@axe-core/playwright'
import { expect, type Locator, type Page, test } from '@playwright/test'
import { answers, ask, dropFiles, openPage, projectFile } from './chatPage.ts'

const eye = (page: Page): Locator => page.getByRole('button', { name: 'Show where the model looked' })
const word = (page: Page, text: string): Locator => page.locator('.word').filter({ hasText: new RegExp(`^${text}$`) })
const overlay = (page: Page): Locator => page.getByRole('img', { name: /of the attention went to the image/ })
const caption = (page: Page): Locator => page.locator('.look.is-seen figcaption')

/** Chooses the sample with the sunflower and waits until it goes with the question. */
async function useSample(page: Page): Promise<void> {
  await page.getByRole('button', { name: /^Use sample: .*sunflower/ }).click()
  await expect(page.getByRole('button', { name: /^Remove / })).toBeVisible()
}

async function askAboutSample(page: Page): Promise<string> {
  await openPage(page)
  await useSample(page)
  return ask(page, 'What is to the right of the cat?')
}

/** The middle of what an overlay marks, as parts of its width and height. */
const centre = (svg: Locator) =>
  svg.evaluate((element: SVGSVGElement) => {
    const marks = [...element.querySelectorAll<SVGRectElement>('rect')].map((rect) => {
      const { x, y, width, height } = rect.getBBox()
      return { x: x + width / 2, y: y + height / 2, weight: Number(rect.getAttribute('fill-opacity')) }
    })
    const sum = marks.reduce((total, { weight }) => total + weight, 0)
    const { width, height } = element.viewBox.baseVal
    return {
      x: marks.reduce((total, { x, weight }) => total + (x * weight) / sum, 0) / width,
      y: marks.reduce((total, { y, weight }) => total + (y * weight) / sum, 0) / height,
    }
  })

test('a word shows where the model looked when it chose it, by mouse and by keyboard', async ({ page }) => {
  const text = await askAboutSample(page)
  expect(text).toContain('sunflower')
  await eye(page).click()
  await expect(eye(page)).toHaveAttribute('aria-pressed', 'true')
  expect((await answers(page).locator('.markdown').innerText()).trim()).toBe(text)

  await word(page, 'sunflower').click()
  await expect(caption(page)).toContainText(
    /^“sunflower”: \d+.% of the attention went to the image; within it, .* right/,
  )
  const { x, y } = await centre(overlay(page))
  expect(x).toBeGreaterThan(0.55)
  expect(y).toBeGreaterThan(0.55)

  await expect(word(page, 'sunflower')).toBeFocused()
  await page.keyboard.press('ArrowRight')
  await expect(word(page, 'is')).toBeFocused()
  await page.keyboard.press('Enter')
  await expect(caption(page)).toContainText('“is”')
  await expect(word(page, 'is')).toHaveAttribute('aria-pressed', 'true')
  await expect(page.locator('.word[tabindex="0"]')).toHaveCount(1)
  await page.keyboard.press('Home')
  await page.keyboard.press('ArrowRight')
  await page.keyboard.press('Space')
  await expect(caption(page)).toContainText('“sunflower”')

  const mean = await caption(page).textContent()
  await page.getByLabel('Layer').selectOption({ label: '1' })
  await expect(caption(page)).not.toHaveText(mean!)
  await page.getByLabel('Head').selectOption({ label: '2' })
  await page.getByLabel('Layer').selectOption({ label: 'Mean of 6' })
  await page.getByLabel('Head').selectOption({ label: 'Mean of 4' })
  await expect(caption(page)).toHaveText(mean!)

  const legend = page.locator('.look-legend')
  const before = await legend.textContent()
  await page.getByLabel('Strength').press('ArrowRight')
  await expect(legend).not.toHaveText(before!)

  await page.keyboard.press('Escape')
  await expect(overlay(page)).toHaveCount(0)
  await expect(page.locator('.word')).toHaveCount(0)
  await expect(eye(page)).toBeFocused()
})

test('looking back changes nothing of the conversation, also after a reload', async ({ page }) => {
  await askAboutSample(page)
  await eye(page).click()
  await word(page, 'cat').click()
  await expect(caption(page)).toBeVisible()
  const next = await ask(page, 'What color is the circle?')
  expect(next).toMatch(/red/i)
  await expect(caption(page)).toBeVisible()
  await page.reload()
  await expect(eye(page)).toHaveCount(2, { timeout: 90_000 })
  await eye(page).last().click()
  await word(page, 'red').first().click()
  const { x, y } = await centre(overlay(page))
  expect(x).toBeLessThan(0.45)
  expect(y).toBeLessThan(0.5)
})

test('two pictures show what went to each; words alone show nothing', async ({ page }) => {
  await openPage(page)
  await ask(page, 'Hello!')
  await expect(eye(page)).toHaveCount(0)
  for (const name of ['garden', 'night'])
    await dropFiles(page, [projectFile(`public/samples/${name}.png`, 'image/png')])
  await expect(page.locator('.thumbnails img')).toHaveCount(2)
  await ask(page, 'What is in the top left?')
  await eye(page).click()
  await page.locator('.word').first().click()
  await expect(caption(page)).toContainText(/of the attention went \d+.% to image 1 .*; \d+.% to image 2/)
  await expect(page.locator('.look-overlay')).toHaveCount(2)
})

test('a D-Abstractor shows the points that it samples', async ({ page }) => {
  await openPage(page)
  const projectors = page.getByLabel('Projector')
  const offered = await projectors.locator('option', { hasText: 'D-Abstractor' }).first().getAttribute('value')
  await projectors.selectOption(offered)
  await expect(projectors).toBeEnabled()
  await useSample(page)
  await ask(page, 'What is in the top left?')
  await eye(page).click()
  await page.locator('.word').last().click()
  await expect(caption(page)).toContainText('of the attention went to the image')
  await expect(page.locator('.look-legend')).toContainText('A dot is a place that was sampled')
  expect(await page.locator('.look-dot').count()).toBeGreaterThan(50)
  await expect(page.locator('.look-cell')).toHaveCount(0)
})

for (const colorScheme of ['light', 'dark'] as const)
  for (const width of [1280, 360])
    test.describe(`${colorScheme}, ${width} pixels wide`, () => {
      test.use({ colorScheme, viewport: { width, height: 740 }, contextOptions: { reducedMotion: 'reduce' } })

      test('axe finds nothing where the model looked', async ({ page }) => {
        await askAboutSample(page)
        await eye(page).click()
        await check(page)
        await word(page, 'sunflower').click()
        await expect(caption(page)).toBeVisible()
        await check(page)
      })
    })

async function check(page: Page): Promise<void> {
  const { violations } = await new AxeBuilder({ page }).analyze()
  expect(violations.map(({ id, nodes }) => ({ id, nodes: nodes.map(({ target }) => String(target)) }))).toEqual([])
  const overflow = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth)
  expect(overflow, 'nothing is wider than the window').toBeLessThanOrEqual(0)
}
