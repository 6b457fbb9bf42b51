import { mkdirSync, writeFileSync } from 'node:fs'
import { dirname } from 'node:path'
import { expect, type Page } from '@playwright/test'
import { type DroppedFile, projectFile } from './chatPage.ts'

/** What tests of the examples do, in their users' words. */
export const scene = (n: number): string => `public/models/pocket/eval/scene00${n}.png`
export const picture = (n: number): DroppedFile => projectFile(scene(n), 'image/png')
export const textFile = (name: string, text: string): DroppedFile => ({ name, type: '', bytes: Buffer.from(text) })

export const cards = (page: Page) => page.locator('.example')
export const groupTile = (page: Page, name: string) =>
  page.locator('.group', { has: page.getByText(name, { exact: true }) })
export const report = (page: Page) => page.locator('.report-lines li')
export const nameField = (page: Page) => page.getByLabel('This is called')

/** Opens Teach; the model may still be loading. */
export async function openExamples(page: Page): Promise<void> {
  await page.goto('/#teach')
  await expect(page.getByRole('heading', { name: 'Examples' })).toBeVisible()
}

export function write(path: string, bytes: Uint8Array): void {
  mkdirSync(dirname(path), { recursive: true })
  writeFileSync(path, bytes)
}

/** Pastes a file, as a person does with a copied picture. */
export async function pasteFile(page: Page, { name, type, bytes }: DroppedFile): Promise<void> {
  const content = { name, type, base64: Buffer.from(bytes).toString('base64') }
  await page.evaluate(({ name, type, base64 }) => {
    const clipboardData = new DataTransfer()
    const bytes = Uint8Array.from(atob(base64), (character) => character.charCodeAt(0))
    clipboardData.items.add(new File([bytes], name, { type }))
    document.body.dispatchEvent(new ClipboardEvent('paste', { clipboardData, bubbles: true }))
  }, content)
}

/** Drops a folder; scripts cannot make one, so the page is given entries that look like it. */
export async function dropFolder(page: Page, name: string, files: Record<string, DroppedFile>): Promise<void> {
  const contents = Object.entries(files).map(([path, { type, bytes }]) => ({
    path,
    type,
    base64: Buffer.from(bytes).toString('base64'),
  }))
  await page.evaluate(
    ({ name, contents }) => {
      type Tree = Map<string, Tree | File>
      const top: Tree = new Map()
      for (const { path, type, base64 } of contents) {
        const parts = path.split('/')
        const file = parts.pop()!
        let at = top
        for (const part of parts) {
          if (!at.has(part)) at.set(part, new Map())
          at = at.get(part) as Tree
        }
        at.set(file, new File([Uint8Array.from(atob(base64), (character) => character.charCodeAt(0))], file, { type }))
      }
      const entry = (called: string, node: Tree | File): object =>
        node instanceof File
          ? { name: called, isFile: true, isDirectory: false, file: (done: (file: File) => void) => done(node) }
          : { name: called, isFile: false, isDirectory: true, createReader: () => reader(node) }
      const reader = (node: Tree) => {
        let entries = [...node].map(([called, inside]) => entry(called, inside))
        return {
          readEntries: (done: (entries: object[]) => void) => {
            done(entries)
            entries = []
          },
        }
      }
      const dataTransfer = new DataTransfer()
      dataTransfer.items.add(new File([], name))
      const folder = entry(name, top) as FileSystemEntry
      const own = DataTransferItem.prototype.webkitGetAsEntry
      DataTransferItem.prototype.webkitGetAsEntry = () => folder
      document.body.dispatchEvent(new DragEvent('drop', { dataTransfer, bubbles: true }))
      DataTransferItem.prototype.webkitGetAsEntry = own
    },
    { name, contents },
  )
}
