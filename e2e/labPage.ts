import { expect, type Locator, type Page } from '@playwright/test'
import { type DroppedFile, modelReady } from './chatPage.ts'
import { scene } from './teachPage.ts'

/** What tests of the Lab do, in its users' words. */
export async function openLab(page: Page): Promise<void> {
  await page.goto('/#lab')
  await modelReady(page)
  await expect(page.getByRole('heading', { name: 'One question' })).toBeVisible()
}

export const rows = (page: Page): Locator => page.locator('.pick-list > li')
export const cards = (page: Page): Locator => page.locator('.answer-card')

/** Picks the projectors with these places in the list, and no others; gives their names. */
export async function pickOnly(page: Page, places: number[]): Promise<string[]> {
  await expect(rows(page).nth(Math.max(...places))).toBeVisible()
  const names: string[] = []
  for (const [i, row] of (await rows(page).all()).entries()) {
    await row.getByRole('checkbox').setChecked(places.includes(i))
    if (places.includes(i)) names.push(await row.locator('b').innerText())
  }
  return names
}

/** Shows the first sample, which brings its question. */
export async function askAboutSample(page: Page): Promise<void> {
  await page
    .getByRole('button', { name: /^Ask about: / })
    .first()
    .click()
  await expect(page.getByLabel('Question', { exact: true })).not.toHaveValue('')
}

/** Compares and waits for all answers. */
export async function compare(page: Page, projectors: number): Promise<void> {
  await page.getByRole('button', { name: 'Compare' }).click()
  await expect(page.locator('.answer-card:has(dl > div)')).toHaveCount(projectors, { timeout: 90_000 })
  await expect(page.locator('.work-bar')).toHaveCount(0)
}

/** The figures of a card, by their names. */
export const cardFigures = (card: Locator): Promise<Record<string, string>> =>
  card
    .locator('.bar-facts > div')
    .evaluateAll((all) =>
      Object.fromEntries(
        all.map((one) => [one.querySelector('dt')!.textContent!, one.querySelector('dd')!.textContent!]),
      ),
    )

/** A small set: pictures and a data file with two questions about each, and one about a picture that is not there. */
export function smallSet(pictures = 2): DroppedFile[] {
  const images = Array.from({ length: pictures }, (_, number) => scene(number))
  const lines = images.flatMap(({ name: image }) => [
    { image, question: 'What is in the bottom left?', answer: 'apple', kind: 'naming' },
    { image, question: 'How many things are there?', answer: 'four', kind: 'counting' },
  ])
  const absent = { image: 'absent.png', question: 'What is this?', answer: 'nothing', kind: 'naming' }
  const text = [...lines, absent].map((line) => JSON.stringify(line)).join('\n')
  return [{ name: 'few.jsonl', type: '', bytes: Buffer.from(text) }, ...images]
}
