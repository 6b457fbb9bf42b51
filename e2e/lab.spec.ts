import { readFileSync } from 'node:fs'
import { expect, type Page, test } from '@playwright/test'
import { answers, ask, dropFiles, figures, goldenModelFiles, limitAnswers, modelReady, openPage } from './chatPage.ts'
import { askAboutSample, cardFigures, cards, compare, openLab, pickOnly, rows, smallSet } from './labPage.ts'
import { dropLesson, loseDevice, openTeach, outcome, trainButton, watchDevice, wrongProjector } from './teachPage.ts'

async function saved(page: Page, name: string): Promise<string> {
  const download = page.waitForEvent('download')
  await page.getByRole('button', { name }).click()
  return readFileSync(await (await download).path(), 'utf8')
}

test('two projectors answer one question side by side; figures last over a reload and can be saved', async ({
  page,
}) => {
  test.setTimeout(180_000)
  await openLab(page)
  await expect(page.getByRole('button', { name: 'Compare' })).toBeDisabled()
  await askAboutSample(page)
  const names = await pickOnly(page, [0])
  await expect(page.locator('#compare-why')).toHaveText('Pick two or more projectors to compare.')
  names.push(...(await pickOnly(page, [0, 1])).slice(1))
  await compare(page, 2)
  await expect(cards(page).locator('h4')).toHaveText(names)
  const [base, other] = [await cardFigures(cards(page).nth(0)), await cardFigures(cards(page).nth(1))]
  expect(base).toMatchObject({ 'Visual tokens': '64' })
  expect(Number(other['Visual tokens'])).toBeLessThan(64)
  for (const name of ['Encode', 'First token']) expect(base[name]).toMatch(/ m?s$/)
  for (const name of ['Projector', 'Their KV cache']) expect(other[name]).toMatch(/ [kM]B$/)

  const csv = (await saved(page, 'Save the answers as CSV')).trim().split('\r\n')
  expect(csv[0]).toMatch(/^projector,type,visual tokens,encode ms,first token ms,/)
  expect(csv).toHaveLength(3)
  expect(JSON.parse(await saved(page, 'Save the answers as JSON')).answers).toHaveLength(2)

  await page.reload()
  await modelReady(page)
  await expect(cards(page).locator('h4')).toHaveText(names)
  expect(await cardFigures(cards(page).nth(1))).toEqual(other)
})

test('a set of questions is asked of both: progress, what is wrong with it, a stop, scores by kind', async ({
  page,
}) => {
  test.setTimeout(240_000)
  await openLab(page)
  await pickOnly(page, [0, 1])
  await page.getByRole('button', { name: 'Evaluate' }).click()
  const bar = page.locator('.work-bar')
  await expect(bar).toContainText(/: [1-9]\d* of \d+ answers · .* left/, { timeout: 90_000 })
  await page.getByRole('button', { name: 'Stop' }).click()
  await expect(bar).toHaveCount(0)
  await expect(page.locator('.lab-evaluate [role=alert]')).toContainText('Stopped. These are the answers until then.')

  await dropFiles(page, smallSet())
  await expect(page.getByLabel('Questions', { exact: true }).locator('option:checked')).toHaveText(
    'few.jsonl: 4 questions',
  )
  await page.getByText('1 line of it cannot be asked').click()
  await expect(page.locator('.lab-evaluate .advanced')).toContainText('absent.png is missing')
  await page.getByRole('button', { name: 'Evaluate' }).click()
  await expect(page.locator('.lab-evaluate .lab-result')).toContainText(/8 answers in \d+ s/, { timeout: 90_000 })
  const table = page.locator('.score-table')
  await expect(table.locator('tbody th')).toHaveText(['All', 'counting', 'naming'])
  await expect(table.locator('tbody tr').first().locator('td').first()).toContainText(/\d+\s%\d of 4/)
  const csv = (await saved(page, 'Save the scores as CSV')).trim().split('\r\n')
  expect(csv).toHaveLength(7)
  const { questions } = JSON.parse(await saved(page, 'Save the scores as JSON'))
  expect(Object.keys(questions[0].said)).toHaveLength(2)
  await page.reload()
  await modelReady(page)
  await expect(table.locator('tbody th')).toHaveText(['All', 'counting', 'naming'])
})

test('a GPU that is lost in mid-evaluation comes back by itself, and no answer is missing', async ({ page }) => {
  test.setTimeout(240_000)
  await watchDevice(page)
  await openLab(page)
  await pickOnly(page, [0, 1])
  await dropFiles(page, smallSet(8))
  await page.getByRole('button', { name: 'Evaluate' }).click()
  await expect(page.locator('.work-bar')).toContainText(/: [1-9]\d* of 32 answers/, { timeout: 90_000 })
  await loseDevice(page)
  await expect(page.locator('.work-bar')).toContainText('The GPU was reset')
  await expect(page.locator('.lab-evaluate .lab-result')).toContainText(/32 answers in/, { timeout: 120_000 })
})

test('a training starts from a projector of the Lab: a fresh one of its sizes, or the same', async ({ page }) => {
  test.setTimeout(240_000)
  await openTeach(page, { steps: 2, evalEvery: 0, evalFraction: 0 })
  await dropLesson(page, 2)
  await page.getByRole('navigation', { name: 'What to do' }).getByRole('link', { name: 'Lab' }).click()
  const row = rows(page).nth(1)
  const [tokens] = /\d+(?= visual)/.exec(await row.innerText())!
  await row.getByRole('button', { name: /^Train one like/ }).click()
  await row.getByRole('button', { name: 'Go on from it' }).click()
  await expect(page.locator('.train-plan')).toContainText('starts from the file')
  await page.goBack()
  await row.getByRole('button', { name: 'Fresh, of its type and sizes' }).click()
  await expect(page.locator('.train-plan')).toContainText(`${tokens} visual tokens`)
  await trainButton(page).click()
  expect(await outcome(page)).toContain('Run 1 is done: 2 steps')
  await page.getByRole('navigation', { name: 'What to do' }).getByRole('link', { name: 'Lab' }).click()
  await expect(rows(page).last()).toContainText(`${tokens} visual tokens`)
})

test('the chat answers with a projector that came with the model, also with the network off', async ({
  page,
  context,
}) => {
  test.setTimeout(180_000)
  await limitAnswers(page, 4)
  await openPage(page)
  const select = page.getByLabel('Projector', { exact: true })
  const chosen = await select.locator('optgroup[label="With the model"] option').first().innerText()
  await page.locator('.sample').first().click()
  await ask(page, 'What is in the image?')
  await select.selectOption(chosen)
  await page.getByRole('button', { name: 'Regenerate answer' }).click()
  await expect(answers(page).first().locator('.figures summary')).toContainText(chosen)
  await expect.poll(async () => Number((await figures(page, 0))['Visual tokens'])).toBeLessThan(64)
  await page.evaluate(async () => {
    await navigator.serviceWorker.ready
    if (navigator.serviceWorker.controller) return
    await new Promise((resolve) => navigator.serviceWorker.addEventListener('controllerchange', resolve))
  })
  await context.setOffline(true)
  await page.reload()
  await modelReady(page)
  await expect(select.locator('option:checked')).toHaveText(chosen)
  await page.getByRole('button', { name: 'Regenerate answer' }).click()
  await expect(answers(page).first()).toHaveClass(/is-done/)
  await expect(answers(page).first().locator('.figures summary')).toContainText(chosen)
})

test('what does not fit is refused with both shapes, and a model with one projector says so', async ({ page }) => {
  await openLab(page)
  await dropFiles(page, [{ name: 'dropped.safetensors', type: '', bytes: wrongProjector() }])
  await expect(page.locator('.toast.is-problem')).toContainText('[3,5]')
  const input = page.getByLabel('Projector file')
  await input.setInputFiles({ name: 'wrong.safetensors', mimeType: '', buffer: wrongProjector() })
  await expect(page.locator('.import-problem')).toContainText('[3,5]')
  await dropFiles(page, goldenModelFiles())
  await modelReady(page, 'Dropped files')
  await expect(page.locator('.lab-empty')).toContainText('This model has only its own')
  await expect(page.getByRole('button', { name: 'Evaluate' })).toBeDisabled()
})
