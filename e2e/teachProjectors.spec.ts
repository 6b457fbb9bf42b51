import { readFileSync } from 'node:fs'
import { expect, type Page, test } from '@playwright/test'
import type { ProjectorType } from '../src/teachApi.ts'
import { answers, ask, dropFiles, figures, limitAnswers } from './chatPage.ts'
import { dropLesson, openTeach, scene, trainButton, wrongProjector } from './teachPage.ts'

/** Each type, small, with the visual tokens that it then makes of the 64 features. */
const kinds: { type: ProjectorType; sizes: Record<string, number>; tokens: number }[] = [
  { type: 'linear', sizes: {}, tokens: 64 },
  { type: 'mlp2x_gelu', sizes: {}, tokens: 64 },
  { type: 'mlp', sizes: { Layers: 3 }, tokens: 64 },
  { type: 'c-abs', sizes: { 'Visual tokens': 9, Blocks: 1, Width: 32, 'End tokens': 1 }, tokens: 10 },
  { type: 'd-abs', sizes: { 'Visual tokens': 16, Layers: 1, Width: 32, Heads: 2, Points: 2 }, tokens: 16 },
  { type: 'resampler', sizes: { 'Visual tokens': 5, Layers: 1, Width: 32, Heads: 2 }, tokens: 5 },
  { type: 'q-former', sizes: { 'Visual tokens': 6, Layers: 1, Width: 32, Heads: 2 }, tokens: 6 },
]

const tab = (page: Page, name: string) =>
  page.getByRole('navigation', { name: 'What to do' }).getByRole('link', { name })

/** Chooses a fresh projector in the settings, which are open. */
async function startFresh(page: Page, type: ProjectorType, sizes: Record<string, number>): Promise<void> {
  await page.locator('#train-start').selectOption(type)
  for (const [label, size] of Object.entries(sizes)) await page.getByLabel(label, { exact: true }).fill(String(size))
}

test('every type of projector is taught, put to use, saved, loaded again and switched to, and answers', async ({
  page,
}) => {
  test.setTimeout(400_000)
  await limitAnswers(page, 4)
  await openTeach(page, { steps: 2, evalEvery: 0, evalFraction: 0 })
  await dropLesson(page, 2)
  const files: { name: string; path: string }[] = []
  for (const [i, { type, sizes, tokens }] of kinds.entries()) {
    const name = `Run ${i + 1}`
    await test.step(`teaches ${type}`, async () => {
      await page.locator('.train-settings > summary').click()
      await startFresh(page, type, sizes)
      await expect(page.locator('.fresh-summary')).toContainText(`: ${tokens} visual tokens from 64 features`)
      await page.locator('.train-settings > summary').click()
      await trainButton(page).click()
      await expect(page.locator('.outcome')).toContainText(`${name} is done: 2 steps`, { timeout: 110_000 })
      const saved = page.waitForEvent('download')
      await page.getByRole('button', { name: `Save ${name} as a file` }).click()
      files.push({ name: `${type}.safetensors`, path: await (await saved).path() })
    })
  }
  for (const [i, { path, name }] of files.entries()) {
    await page.getByRole('button', { name: `Delete Run ${i + 1}` }).click()
    await page.getByLabel('Projector file').setInputFiles({ name, mimeType: '', buffer: readFileSync(path) })
    await expect(page.getByRole('button', { name: `In use: ${kinds[i]!.type}` })).toBeVisible()
  }
  await tab(page, 'Chat').click()
  await dropFiles(page, [scene(20)])
  await ask(page, 'What is this?')
  for (const { type, tokens } of kinds) {
    await page.getByLabel('Projector', { exact: true }).selectOption(type)
    await page.getByRole('button', { name: 'Regenerate answer' }).click()
    await expect(answers(page).first().locator('.figures summary')).toContainText(type)
    expect(await figures(page, 0)).toMatchObject({ 'Visual tokens': String(tokens), Projector: type })
  }
})

test('sizes that cannot be are named at their fields, and a projector that does not fit with both shapes', async ({
  page,
}) => {
  await openTeach(page)
  await dropLesson(page, 2)
  await page.locator('.train-settings > summary').click()
  await startFresh(page, 'c-abs', { 'Visual tokens': 15 })
  await expect(page.locator('#fresh-tokens-note')).toHaveText('15 is no square number; 9 and 16 are.')
  await expect(trainButton(page)).toBeDisabled()
  await startFresh(page, 'd-abs', { Heads: 5 })
  await expect(page.locator('#fresh-tokens-note')).not.toContainText('15')
  await expect(page.locator('#fresh-heads-note')).toContainText('192 does not divide by 5 heads')
  await startFresh(page, 'resampler', {})
  await expect(trainButton(page)).toBeEnabled()
  await expect(page.getByLabel('Visual tokens', { exact: true })).toHaveAttribute('placeholder', '36')

  await page.getByRole('radio', { name: 'Honeybee' }).check({ force: true })
  await expect(page.locator('#train-learningRate')).toHaveValue('0.0003')
  await page.locator('#train-start').selectOption('d-abs')
  await expect(page.locator('#train-learningRate')).toHaveValue('0.0001')
  await expect(page.getByRole('radio', { name: 'Honeybee' })).toBeChecked()

  await page.getByLabel('Projector file').setInputFiles({
    name: 'wrong.safetensors',
    mimeType: '',
    buffer: wrongProjector(),
  })
  await expect(page.locator('.import-problem')).toContainText('[3,5]')
})
