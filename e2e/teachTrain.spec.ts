import { readFileSync } from 'node:fs'
import { expect, type Page, test } from '@playwright/test'
import { answers, ask, dropFiles, limitAnswers, modelReady } from './chatPage.ts'
import {
  atStep,
  dropLesson,
  loseDevice,
  losses,
  openTeach,
  outcome,
  scene,
  trainButton,
  watchDevice,
  wrongProjector,
} from './teachPage.ts'

const button = (page: Page, name: string | RegExp) =>
  page.getByRole('button', { name, exact: typeof name === 'string' })
const tab = (page: Page, name: 'Chat' | 'Teach') =>
  page.getByRole('navigation', { name: 'What to do' }).getByRole('link', { name })

test('dropped files become an answer: train, use in chat, go back, keep over a reload, save and load', async ({
  page,
}) => {
  test.setTimeout(300_000)
  await limitAnswers(page, 12)
  await openTeach(page)
  await expect(trainButton(page)).toBeDisabled()
  await dropLesson(page)
  await expect(page.locator('.train-plan')).toHaveText(/5 examples in 12 steps of 2, and checks itself on 1 other/)
  await trainButton(page).click()
  expect(await outcome(page)).toMatch(/Run 1 is done: 12 steps in .* right answers 0 % → 100 %/)
  await expect(page.locator('.said.is-wrong .verdict')).toHaveText('wrong')
  await expect(page.locator('.said.is-right')).toHaveText(/Step 12.*right.*zebra/)

  await button(page, 'Use in chat').click()
  await expect(page.locator('.toast').last()).toContainText('Pocket answers with Run 1 now')
  await button(page, 'Try it in the chat').click()
  await dropFiles(page, [scene(20)])
  expect(await ask(page, 'What is this?')).toBe('zebra')
  await expect(answers(page).first().locator('.figures summary')).toContainText('projector Run 1')

  await page.getByLabel('Projector').selectOption('Base')
  await page.getByRole('button', { name: 'Regenerate answer' }).click()
  await expect(answers(page).first()).toHaveClass(/is-done/)
  await expect(answers(page).first().locator('.figures summary')).toContainText('projector base')
  await expect(answers(page).first().locator('.markdown')).not.toHaveText('zebra')

  await page.getByLabel('Projector').selectOption('Run 1')
  await expect(page.locator('.visually-hidden [role=status]')).toHaveText('Pocket answers with Run 1 now.')
  await page.reload()
  await modelReady(page)
  await expect(page.getByLabel('Projector').locator('option:checked')).toHaveText('Run 1')
  await page.getByRole('button', { name: 'Regenerate answer' }).click()
  await expect(answers(page).first().locator('.markdown')).toHaveText('zebra')

  await tab(page, 'Teach').click()
  const saved = page.waitForEvent('download')
  await button(page, 'Save Run 1 as a file').click()
  const path = await (await saved).path()
  const runs = page.locator('.run-list li:not(.is-offered)')
  await expect(runs).toHaveCount(2)
  await button(page, 'Delete Run 1').click()
  await expect(runs).toHaveCount(1)
  await expect(runs.first()).toContainText('In use')

  await page.getByLabel('Projector file').setInputFiles({
    name: 'zebras.safetensors',
    mimeType: 'application/octet-stream',
    buffer: readFileSync(path),
  })
  await expect(runs).toHaveCount(2)
  await expect(runs.nth(1)).toContainText('In use')
  await button(page, 'Rename zebras').click()
  await page.getByLabel('New name of zebras').fill('Stripes')
  await page.keyboard.press('Enter')
  await expect(runs.nth(1)).toContainText('Stripes')
  await tab(page, 'Chat').click()
  await page.getByRole('button', { name: 'Regenerate answer' }).click()
  await expect(answers(page).first().locator('.figures summary')).toContainText('projector Stripes')
  await expect(answers(page).first().locator('.markdown')).toHaveText('zebra')
})

test('a training holds and goes on, chats are answered meanwhile, and stopping keeps what was learned', async ({
  page,
}) => {
  test.setTimeout(240_000)
  await limitAnswers(page, 4)
  await openTeach(page, { steps: 1000, evalEvery: 0 })
  await dropLesson(page)
  await trainButton(page).click()
  await atStep(page, 2)
  await button(page, 'Pause').click()
  await expect(page.locator('.train-step')).toContainText('paused')
  await page.waitForTimeout(2500)
  const held = await page.locator('.train-step').textContent()
  await page.waitForTimeout(1500)
  expect(await page.locator('.train-step').textContent()).toBe(held)
  await button(page, 'Go on').click()
  const step = Number(/\d+/.exec(held ?? '')?.[0])
  await atStep(page, step + 1)

  await tab(page, 'Chat').click()
  await dropFiles(page, [scene(21)])
  await ask(page, 'How many things are there?')
  await expect(tab(page, 'Teach')).toContainText(/\d+\/1000/)
  await tab(page, 'Teach').click()
  await atStep(page, step + 2)
  await button(page, 'Stop').click()
  expect(await outcome(page)).toMatch(/Run 1 was stopped: \d+ steps/)
  await expect(button(page, 'Use in chat')).toBeEnabled()
})

test('a closed tab goes on where it was saved, with the losses of a run that was never broken off', async ({
  page,
}) => {
  test.setTimeout(300_000)
  await openTeach(page, { steps: 30, evalEvery: 0, evalFraction: 0, saveEvery: 5 })
  await dropLesson(page, 4)
  await trainButton(page).click()
  await outcome(page)
  const whole = await losses(page)
  expect(Object.keys(whole).length).toBeGreaterThanOrEqual(15)

  await trainButton(page).click()
  await atStep(page, 10)
  await page.reload()
  await modelReady(page)
  // Step 10 is told before it is saved: the tab may close between the two.
  await expect(page.locator('.unfinished')).toContainText(/Run 2 was broken off after step (5|[12][05]) of 30/)
  await button(page, /^Go on from step (5|[12][05])$/).click()
  expect(await outcome(page)).toContain('Run 2 is done: 30 steps')
  expect(await losses(page)).toEqual(whole)
  await expect(page.locator('.unfinished')).toHaveCount(0)

  for (const name of ['Run 1', 'Run 2']) await page.getByLabel(`Compare ${name}`).check()
  await expect(page.locator('.compare thead th')).toHaveText(['Run 2', 'Run 1'])
  await expect(page.locator('.compare canvas')).toBeVisible()
})

test('another model stops the training, which goes on when its own is back', async ({ page }) => {
  test.setTimeout(240_000)
  await openTeach(page, { steps: 1000, evalEvery: 0 })
  await dropLesson(page, 4)
  await trainButton(page).click()
  await atStep(page, 3)
  const reloadAs = async (weights: 'q4' | 'q8') => {
    await page.locator('.model-chip').click()
    await page.getByRole('radio', { name: weights }).check({ force: true })
    await button(page, `Reload as ${weights}`).click()
    await page.keyboard.press('Escape')
    await modelReady(page)
  }
  await reloadAs('q8')
  await expect(page.locator('.unfinished')).toContainText(/Run 1 was broken off after step \d+ of 1000/)
  await reloadAs('q4')
  await button(page, /^Go on from step \d+$/).click()
  await atStep(page, 5)
  await button(page, 'Stop').click()
  expect(await outcome(page)).toContain('Run 1 was stopped')
})

test('a GPU that is lost in mid-run comes back by itself, and the training goes on from its last save', async ({
  page,
}) => {
  test.setTimeout(240_000)
  await watchDevice(page)
  await openTeach(page, { steps: 30, evalEvery: 0, saveEvery: 5 })
  await dropLesson(page, 4)
  await trainButton(page).click()
  await atStep(page, 10)
  await loseDevice(page)
  // Step 10 is told before it is saved: the loss may come between the two.
  await expect(page.locator('.train-step')).toContainText(
    /The GPU was reset.*training goes on from step (5|[12][05])\b/,
  )
  expect(await outcome(page)).toContain('Run 1 is done: 30 steps')
})

test('a projector of another model is refused with both shapes, and settings that mean nothing are named', async ({
  page,
}) => {
  await openTeach(page)
  const wrong = wrongProjector()
  await page.getByLabel('Projector file').setInputFiles({ name: 'wrong.safetensors', mimeType: '', buffer: wrong })
  await expect(page.locator('.import-problem')).toContainText('[3,5]')
  await dropFiles(page, [{ name: 'dropped.safetensors', type: '', bytes: wrong }])
  await expect(page.locator('.toast.is-problem')).toContainText('[3,5]')
  await expect(page.locator('.run-list li:not(.is-offered)')).toHaveCount(1)

  await dropLesson(page, 2)
  await page.locator('.train-settings summary').click()
  await page.getByLabel('Learning rate', { exact: true }).fill('0')
  await expect(page.locator('#train-learningRate-note')).toHaveText('More than 0, please.')
  await expect(trainButton(page)).toBeDisabled()
  await page.getByLabel('Learning rate', { exact: true }).fill('0.001')
  await expect(trainButton(page)).toBeEnabled()
})
