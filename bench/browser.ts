import { chromium } from '@playwright/test'
import { adapterKind, launchOptions } from '../e2e/browser.ts'
import { servePage } from '../e2e/pages.ts'
import type { BenchName } from './benches.ts'
import type { Table } from './table.ts'

/** Builds and serves the bench's page, runs the benches in headless Chromium and brings their tables back. */
export async function runInChromium(names: BenchName[], all: boolean, log: (line: string) => void): Promise<Table[]> {
  const server = await servePage('bench/page')
  const options = launchOptions()
  const browser = await chromium.launch(options)
  log(`Chromium ${browser.version()}, WebGPU on ${adapterKind(options)}`)
  try {
    const page = await browser.newPage()
    page.setDefaultTimeout(120_000)
    page.on('console', (message) => log(message.text()))
    page.on('pageerror', (error) => log(String(error)))
    await page.goto(server.url)
    await page.waitForFunction(() => 'runBeagleBenches' in globalThis)
    return await page.evaluate((wanted) => globalThis.runBeagleBenches(...wanted), [names, all] as const)
  } finally {
    await browser.close()
    await server.close()
  }
}
