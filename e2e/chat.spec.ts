import { readFileSync } from 'node:fs'
import { resolve } from 'node:path'
import { expect, type Page, test } from '@playwright/test'
import {
  answered,
  answers,
  ask,
  dropFiles,
  figures,
  goldenModelFiles,
  modelReady,
  openPage,
  projectFile,
  root,
  startWithSampling,
} from './chatPage.ts'

interface EvaluationCase {
  image: string
  question: string
  answer: string
  kind: string
}

async function useSample(page: Page): Promise<void> {
  await page.locator('.sample').first().click()
  await expect(page.locator('.thumbnails img')).toBeVisible()
}

test('the embedded model answers rightly about a sample and about dropped images it has not seen', async ({ page }) => {
  await openPage(page)
  await page.getByRole('button', { name: /^Use sample: .*sunflower/ }).click()
  await page.getByRole('button', { name: 'What is to the right of the cat?', exact: true }).click()
  expect(await answered(page, 0)).toMatch(/sunflower/i)

  const evaluation = readFileSync(resolve(root, 'public/models/pocket/eval/eval.jsonl'), 'utf8')
  const cases = evaluation
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as EvaluationCase)
  const asked = cases.filter(({ kind, image }) => kind === 'naming' && image.startsWith('scene')).slice(0, 5)
  let right = 0
  for (const { image, question, answer } of asked) {
    await page.getByRole('button', { name: 'New chat' }).click()
    await dropFiles(page, [projectFile(`public/models/pocket/eval/${image}`, 'image/png')])
    await expect(page.locator('.thumbnails img')).toBeVisible()
    if ((await ask(page, question)).toLowerCase() === answer) right++
  }
  expect(right, `right of ${asked.length}`).toBeGreaterThanOrEqual(4)
})

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

test('Esc stops an answer; it can be asked again, edited and cleared, also after a reload', async ({ page }) => {
  await startWithSampling(page, { maxNewTokens: 1024, temperature: 0 })
  await openPage(page)
  // This model talks without end; the embedded one would be done before anyone could press a key.
  await dropFiles(page, goldenModelFiles())
  await modelReady(page, 'Dropped files')
  await page.evaluate(() => {
    const observer = new MutationObserver(() => {
      if (!document.querySelector('.answer.is-writing')) return
      observer.disconnect()
      dispatchEvent(new KeyboardEvent('keydown', { key: 'Escape' }))
    })
    observer.observe(document.body, { subtree: true, childList: true, attributes: true })
  })
  await page.getByRole('textbox', { name: 'Ask about the image' }).fill('Tell me a long story.')
  await page.keyboard.press('Enter')
  await expect(answers(page).first()).toHaveClass(/is-stopped/, { timeout: 60_000 })
  await expect(answers(page).first().locator('.markdown')).not.toBeEmpty()
  expect(Number((await figures(page, 0))['Answer tokens'])).toBeLessThan(300)

  await page.evaluate(() => localStorage.setItem('beagle.sampling', JSON.stringify({ maxNewTokens: 3 })))
  await page.reload()
  await modelReady(page, 'Pocket')
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
