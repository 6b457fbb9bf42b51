import { chromium, expect, type Page, test } from '@playwright/test'
import { launchOptions } from './browser.ts'
import { ask, limitAnswers, modelReady, openPage } from './chatPage.ts'

/** Runs `script` in the page's worker before its own. */
async function beforeWorker(page: Page, script: string): Promise<void> {
  await page.route('**/engine.worker-*.js', async (route) => {
    const response = await route.fetch()
    await route.fulfill({ response, body: `${script}\n${await response.text()}` })
  })
}

test('without WebGPU the page says which browsers have it', async ({ page }) => {
  await beforeWorker(page, 'delete WorkerNavigator.prototype.gpu')
  await page.goto('/')
  const problem = page.getByRole('alert')
  await expect(problem).toContainText('This browser does not offer WebGPU')
  await expect(problem).toContainText('Chrome')
})

test('without an adapter the page says what to turn on', async ({ baseURL }) => {
  const options = launchOptions()
  const gpuFlags = /webgpu|Vulkan|angle/
  const browser = await chromium.launch({
    ...options,
    args: [
      ...(options.args ?? []).filter((arg) => !gpuFlags.test(arg)),
      '--disable-gpu',
      '--disable-software-rasterizer',
    ],
  })
  try {
    const page = await browser.newPage({ baseURL })
    await page.goto('/')
    await expect(page.getByRole('alert')).toContainText('No GPU adapter was found')
    await expect(page.getByRole('alert')).toContainText('graphics acceleration')
  } finally {
    await browser.close()
  }
})

test('a GPU without enough memory is told plainly, with what to do', async ({ page }) => {
  await beforeWorker(
    page,
    `const pop = GPUDevice.prototype.popErrorScope
    GPUDevice.prototype.popErrorScope = async function () {
      await pop.call(this)
      return new GPUOutOfMemoryError('no memory left')
    }`,
  )
  await page.goto('/')
  await expect(page.getByRole('alert')).toContainText('The GPU does not have enough memory')
  await expect(page.getByRole('button', { name: 'Load again' })).toBeVisible()
})

test('a lost device is replaced, the conversation is kept, and the next question is answered', async ({
  browser,
  page,
}) => {
  await limitAnswers(page, 4)
  await openPage(page)
  await page.locator('.sample').first().click()
  await expect(page.locator('.thumbnails img')).toBeVisible()
  await ask(page, 'What is in the image?')
  const session = await browser.newBrowserCDPSession()
  await session.send('Browser.crashGpuProcess').catch(() => undefined)
  await expect(page.getByText('The GPU was reset')).toBeVisible()
  await modelReady(page)
  await expect(page.locator('.bubble')).toHaveText(['What is in the image?'])
  expect(await ask(page, 'Describe the image.')).not.toBe('')
})
