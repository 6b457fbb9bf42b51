import { readdirSync, readFileSync } from 'node:fs'
import { resolve } from 'node:path'
import { expect, type Locator, type Page } from '@playwright/test'
import type { Sampling } from '../src/app/store/settings.ts'

/** What tests do on the page, in its users' words. */
export const root = resolve(import.meta.dirname, '..')

const SLOW = { timeout: 90_000 }

export async function openPage(page: Page, path = '/'): Promise<void> {
  await page.goto(path)
  await modelReady(page)
}

/** Waits until the model whose name matches is loaded. */
export async function modelReady(page: Page, name: string | RegExp = /./): Promise<void> {
  const chip = page.locator('.model-chip.is-ready')
  await expect(chip).toBeVisible(SLOW)
  await expect(chip.locator('.model-chip-name')).toHaveText(name)
}

export const answers = (page: Page): Locator => page.locator('.answer')

/** Asks and waits for the whole answer; its text without figures. */
export async function ask(page: Page, question: string): Promise<string> {
  const before = await answers(page).count()
  await page.getByRole('textbox', { name: 'Ask about the image' }).fill(question)
  await page.keyboard.press('Enter')
  return answered(page, before)
}

export async function answered(page: Page, index: number): Promise<string> {
  const answer = answers(page).nth(index)
  await expect(answer).toHaveClass(/is-(done|stopped|failed)/, SLOW)
  await expect(answer).toHaveClass(/is-done/)
  return (await answer.locator('.markdown').innerText()).trim()
}

/** The figures under an answer, by their names in the details. */
export async function figures(page: Page, index: number): Promise<Record<string, string>> {
  const details = answers(page).nth(index).locator('.figures')
  return details
    .locator('.facts > div')
    .evaluateAll((rows) =>
      Object.fromEntries(
        rows.map((row) => [row.querySelector('dt')?.textContent ?? '', row.querySelector('dd')?.textContent ?? '']),
      ),
    )
}

export interface DroppedFile {
  name: string
  type: string
  bytes: Uint8Array
}

/** A file of the project, to be dropped. */
export function projectFile(path: string, type = ''): DroppedFile {
  return { name: path.split('/').at(-1)!, type, bytes: readFileSync(resolve(root, path)) }
}

/** The files of a small untrained checkpoint, by default one in llava's layout on the hub. */
export function goldenModelFiles(name = 'llava-clip-llama'): DroppedFile[] {
  const folder = `goldens/${name}`
  return readdirSync(resolve(root, folder))
    .filter((name) => !/^(expected|image)/.test(name))
    .map((name) => projectFile(`${folder}/${name}`))
}

/** Drops files on the page, as a person drags them from a folder. */
export async function dropFiles(page: Page, files: DroppedFile[]): Promise<void> {
  const contents = files.map(({ bytes, ...rest }) => ({ ...rest, base64: Buffer.from(bytes).toString('base64') }))
  const transfer = await page.evaluateHandle((list) => {
    const data = new DataTransfer()
    for (const { name, type, base64 } of list) {
      const bytes = Uint8Array.from(atob(base64), (character) => character.charCodeAt(0))
      data.items.add(new File([bytes], name, { type }))
    }
    return data
  }, contents)
  await page.dispatchEvent('body', 'dragenter', { dataTransfer: transfer })
  await expect(page.locator('.drop-target')).toBeVisible()
  await page.dispatchEvent('body', 'drop', { dataTransfer: transfer })
  await expect(page.locator('.drop-target')).toBeHidden()
}

/** The sampling settings that the page starts with, unless it has been given others since. */
export async function startWithSampling(page: Page, sampling: Partial<Sampling>): Promise<void> {
  await page.addInitScript((text) => {
    localStorage['beagle.sampling'] ??= text
  }, JSON.stringify(sampling))
}

export const limitAnswers = (page: Page, maxNewTokens: number) => startWithSampling(page, { maxNewTokens })

/** Runs in the page: its camera shows a rectangle that changes its colour. */
export function paintedCamera(): void {
  navigator.mediaDevices.getUserMedia = async () => {
    const canvas = document.createElement('canvas')
    const pen = canvas.getContext('2d')!
    setInterval(() => {
      pen.fillStyle = `hsl(${performance.now() % 360} 80% 50%)`
      pen.fillRect(0, 0, 300, 150)
    }, 30)
    return canvas.captureStream()
  }
}
