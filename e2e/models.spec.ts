import { expect, type Page, test } from '@playwright/test'
import { type HubServer, startHubServer } from '../src/testing/hubServer.ts'
import {
  ask,
  dropFiles,
  figures,
  goldenModelFiles,
  limitAnswers,
  modelReady,
  openPage,
  projectFile,
} from './chatPage.ts'

const golden = 'goldens/llava-clip-llama'
const modelFiles = goldenModelFiles()

let hub: HubServer
test.beforeAll(async () => {
  const files = Object.fromEntries(modelFiles.map(({ name, bytes }) => [name, bytes]))
  hub = await startHubServer({ id: 'tiny/llava', files })
})
test.afterAll(() => hub.close())
test.beforeEach(async ({ page }) => {
  hub.log.length = 0
  Object.assign(hub.faults, { cuts: 0, refusals: 0, stalls: 0, flip: undefined, noRanges: false })
  await limitAnswers(page, 3)
  await openPage(page)
})

async function loadFromHub(page: Page, id = 'tiny/llava'): Promise<void> {
  await page.locator('.model-chip').click()
  await page.getByText('Host and access').click()
  await page.getByLabel('Host', { exact: true }).fill(hub.url)
  await page.getByLabel('Hub id').fill(id)
  await page.keyboard.press('Enter')
}

test('a model comes from a hub, answers, is kept, and loads again without the network', async ({ page }) => {
  await loadFromHub(page)
  await modelReady(page, 'tiny/llava')
  await dropFiles(page, [projectFile(`${golden}/image0.png`, 'image/png')])
  await expect(page.locator('.thumbnails img')).toBeVisible()
  await ask(page, 'What is it?')
  expect(hub.log.some(({ range }) => range !== undefined)).toBe(true)

  await page.locator('.model-chip').click()
  await page.getByRole('button', { name: 'Pocket embedded' }).click()
  await modelReady(page, 'Pocket')
  hub.log.length = 0
  hub.faults.refusals = 1000
  await page.locator('.model-chip').click()
  const kept = page.locator('.model-row', { hasText: 'tiny/llava' })
  await expect(kept).toContainText('MB')
  await kept.click()
  await modelReady(page, /tiny\/llava/)
  expect(hub.log).toEqual([])

  await page.locator('.model-chip').click()
  await page.getByRole('button', { name: /^Delete .*tiny\/llava/ }).click()
  await expect(kept).toHaveCount(0)
})

test('a load that is cancelled goes back to the model before', async ({ page }) => {
  hub.faults.stalls = 1000
  await loadFromHub(page)
  await page.getByRole('button', { name: 'Cancel' }).click()
  await modelReady(page, 'Pocket')
})

test('an id that the hub does not have says so and offers the embedded model', async ({ page }) => {
  await loadFromHub(page, 'tiny/nothing')
  await expect(page.locator('.problem')).toContainText('tiny/nothing', { timeout: 60_000 })
  await page.getByRole('button', { name: 'Use the embedded model' }).click()
  await modelReady(page, 'Pocket')
})

test('dropped model files load; broken ones name what is wrong', async ({ page }) => {
  await dropFiles(page, modelFiles)
  await modelReady(page, 'Dropped files')
  const broken = modelFiles.map((file) =>
    file.name === 'model.safetensors' ? { ...file, bytes: file.bytes.slice(0, 5000) } : file,
  )
  await dropFiles(page, broken)
  await expect(page.locator('.problem')).toContainText('model.safetensors', { timeout: 60_000 })
})

test('dropped files in Honeybee’s layout answer about a picture', async ({ page }) => {
  await dropFiles(page, goldenModelFiles('honeybee'))
  await modelReady(page, 'Dropped files')
  await dropFiles(page, [projectFile(`${golden}/image0.png`, 'image/png')])
  await expect(page.locator('.thumbnails img')).toBeVisible()
  await ask(page, 'What is it?')
  expect(await figures(page, 0)).toMatchObject({ 'Visual tokens': '11' })
})

test('a folder opens through the file system picker', async ({ page }) => {
  const files = modelFiles.map(({ name, bytes }) => ({ name, base64: Buffer.from(bytes).toString('base64') }))
  await page.evaluate(async (list) => {
    const storage = await navigator.storage.getDirectory()
    const folder = await storage.getDirectoryHandle('my-model', { create: true })
    for (const { name, base64 } of list) {
      const handle = await folder.getFileHandle(name, { create: true })
      const writable = await handle.createWritable()
      await writable.write(Uint8Array.from(atob(base64), (character) => character.charCodeAt(0)))
      await writable.close()
    }
    window.showDirectoryPicker = async () => folder
  }, files)
  await page.locator('.model-chip').click()
  await page.getByRole('button', { name: 'Open a folder' }).click()
  await modelReady(page, 'my-model')
})

test('a file that is no image is refused by name', async ({ page }) => {
  await dropFiles(page, [{ name: 'letter.png', type: 'image/png', bytes: Buffer.from('Dear beagle') }])
  await expect(page.getByText('letter.png is not an image')).toBeVisible()
  await expect(page.locator('.thumbnails')).toHaveCount(0)
})
