import { readFileSync } from 'node:fs'
import { resolve } from 'node:path'
import { expect, test } from '@playwright/test'
import { answered, dropFiles, limitAnswers, modelReady, paintedCamera, projectFile, root } from './chatPage.ts'

const picture = 'goldens/llava-clip-llama/image0.png'

test.beforeEach(async ({ page }) => {
  await limitAnswers(page, 3)
})

test('images come by picker, paste, drop, camera and sample, and go by their button', async ({ page }) => {
  await page.addInitScript(paintedCamera)
  await page.goto('/')
  const thumbnails = page.locator('.thumbnails img')

  const picker = page.waitForEvent('filechooser')
  await page.getByRole('button', { name: 'Add images' }).click()
  await (await picker).setFiles([resolve(root, picture), resolve(root, 'goldens/llava-clip-llama/image1.png')])
  await expect(thumbnails).toHaveCount(2)

  const base64 = readFileSync(resolve(root, picture)).toString('base64')
  await page.evaluate((data) => {
    const clipboardData = new DataTransfer()
    const bytes = Uint8Array.from(atob(data), (character) => character.charCodeAt(0))
    clipboardData.items.add(new File([bytes], 'pasted.png', { type: 'image/png' }))
    document.body.dispatchEvent(new ClipboardEvent('paste', { clipboardData, bubbles: true }))
  }, base64)
  await expect(thumbnails).toHaveCount(3)

  await dropFiles(page, [projectFile(picture, 'image/png')])
  await expect(thumbnails).toHaveCount(4)

  await page.getByRole('button', { name: 'Take a photo' }).click()
  await page.getByRole('button', { name: 'Take photo' }).click()
  await expect(page.getByRole('dialog')).toBeHidden()
  await expect(thumbnails).toHaveCount(5)

  await page.locator('.sample').first().click()
  await expect(thumbnails).toHaveCount(6)

  for (const name of ['Photo', 'pasted.png', 'image1.png']) {
    await page.getByRole('button', { name: `Remove ${name}` }).click()
  }
  await expect(thumbnails).toHaveCount(3)
})

test('a camera that is not allowed is told with what to do', async ({ page }) => {
  await page.addInitScript(() => {
    navigator.mediaDevices.getUserMedia = () => Promise.reject(new DOMException('', 'NotAllowedError'))
  })
  await page.goto('/')
  await page.getByRole('button', { name: 'Take a photo' }).click()
  await expect(page.getByRole('alert')).toContainText('Allow it for this page')
})

test('a question asked while the model loads waits for it in sight', async ({ page }) => {
  let release = () => {}
  const held = new Promise<void>((resolve) => {
    release = resolve
  })
  await page.route('**/engine.worker-*.js', async (route) => {
    await held
    await route.continue()
  })
  await page.goto('/')
  await page.locator('.sample').first().click()
  await page.locator('.suggestion').first().click()
  await expect(page.getByText('Waiting for the model to load')).toBeVisible()
  release()
  await modelReady(page)
  await answered(page, 0)
})
