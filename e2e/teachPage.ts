import { expect, type Page } from '@playwright/test'
import type { TeachForm } from '../src/app/store/trainingSettings.ts'
import { type DroppedFile, dropFiles, modelReady, projectFile } from './chatPage.ts'

/** What tests of Teach do, in its users' words. */
export const scene = (number: number): DroppedFile =>
  projectFile(`public/models/pocket/eval/scene${String(number).padStart(3, '0')}.png`, 'image/png')

/** A short training at a high rate: after a dozen steps the model says the one word that all examples say. */
const short: Partial<TeachForm> = {
  length: 'steps',
  steps: 12,
  batchSize: 2,
  learningRate: 3e-3,
  schedule: 'constant',
  warmup: 0,
  evalFraction: 0.2,
  evalEvery: 6,
  saveEvery: 2,
}

/** Opens Teach with the settings of a short training. */
export async function openTeach(page: Page, settings: Partial<TeachForm> = {}): Promise<void> {
  await page.addInitScript(
    (text) => {
      localStorage['beagle.training'] ??= text
    },
    JSON.stringify({ ...short, ...settings }),
  )
  await page.goto('/#teach')
  await modelReady(page)
}

/** Drops pictures with a data file that calls each of them a zebra. */
export async function dropLesson(page: Page, count = 6): Promise<void> {
  const pictures = Array.from({ length: count }, (_, number) => scene(number))
  const lines = pictures.map(({ name }) => JSON.stringify({ image: name, question: 'What is this?', answer: 'zebra' }))
  await dropFiles(page, [{ name: 'lesson.jsonl', type: '', bytes: Buffer.from(lines.join('\n')) }, ...pictures])
  await expect(page.locator('.example')).toHaveCount(count)
}

export const trainButton = (page: Page) => page.getByRole('button', { name: /^Train/ })

/** Waits until the training has done at least this step. */
export async function atStep(page: Page, step: number): Promise<void> {
  await expect
    .poll(async () => Number(/Step (\d+)/.exec((await page.locator('.train-step').textContent()) ?? '')?.[1] ?? 0), {
      timeout: 90_000,
      intervals: [50],
    })
    .toBeGreaterThanOrEqual(step)
}

/** Waits for the end of the training; what the page says of it. */
export async function outcome(page: Page): Promise<string> {
  const box = page.locator('.outcome')
  await expect(box).toBeVisible({ timeout: 110_000 })
  return (await box.locator('p').innerText()).replace(/\s+/g, ' ')
}

/** The losses in the figures of the run on show, by step. */
export async function losses(page: Page): Promise<Record<string, string>> {
  await page.getByText('Figures as a table').click()
  return page
    .locator('.charts .figures-table tbody tr')
    .evaluateAll((rows) =>
      Object.fromEntries(
        rows
          .map((row): [string, string] => [row.children[0]?.textContent ?? '', row.children[1]?.textContent ?? ''])
          .filter(([, loss]) => loss !== ''),
      ),
    )
}

/** A file with the names of a projector and the shapes of none. */
export function wrongProjector(): Buffer {
  const shapes = { 'linear_1.weight': [3, 5], 'linear_1.bias': [3], 'linear_2.weight': [3, 3], 'linear_2.bias': [3] }
  let end = 0
  const entries = Object.entries(shapes).map(([name, shape]) => {
    const begin = end
    end += 4 * shape.reduce((product, size) => product * size, 1)
    return [`multi_modal_projector.${name}`, { dtype: 'F32', shape, data_offsets: [begin, end] }]
  })
  const header = JSON.stringify(Object.fromEntries(entries))
  const size = Buffer.alloc(8)
  size.writeBigUInt64LE(BigInt(Buffer.byteLength(header)))
  return Buffer.concat([size, Buffer.from(header), Buffer.alloc(end)])
}

/** The page's worker remembers its GPU device, so that a test can take it away. */
export async function watchDevice(page: Page): Promise<void> {
  await page.route(/engine\.worker.*\.js/, async (route) => {
    const response = await route.fetch()
    const watch = `{ const request = GPUAdapter.prototype.requestDevice
      GPUAdapter.prototype.requestDevice = async function (...given) {
        return (self.lastDevice = await request.apply(this, given)) } };`
    await route.fulfill({ response, body: watch + (await response.text()) })
  })
}

/** Takes the GPU device away, as a driver's reset does. */
export async function loseDevice(page: Page): Promise<void> {
  await page
    .workers()
    .at(-1)!
    .evaluate(() => (self as unknown as { lastDevice: GPUDevice }).lastDevice.destroy())
}
