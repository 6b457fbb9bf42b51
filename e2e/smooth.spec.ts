import { readFileSync } from 'node:fs'
import { expect, test } from '@playwright/test'
import { ask, modelReady, openPage } from './chatPage.ts'

interface TraceEvent {
  name: string
  cat: string
  ph: string
  pid: number
  tid: number
  /** Microseconds, by the clock and by the thread's own CPU time. */
  dur?: number
  tdur?: number
  args?: { name?: string; data?: { url?: string } }
}

test('no task of the main thread takes more than 50 ms of its time while the page opens and chats', async ({
  browser,
  page,
}, info) => {
  const path = info.outputPath('trace.json')
  await openPage(page)
  await browser.startTracing(page, {
    path,
    categories: ['toplevel', 'disabled-by-default-devtools.timeline', '__metadata'],
  })
  await page.reload()
  await modelReady(page)
  await page.locator('.sample').first().click()
  await expect(page.locator('.thumbnails img')).toBeVisible()
  await ask(page, 'Describe the image.')
  await browser.stopTracing()

  const { traceEvents } = JSON.parse(readFileSync(path, 'utf8')) as { traceEvents: TraceEvent[] }
  const mainThreads = new Set(
    traceEvents
      .filter(({ name, args }) => name === 'thread_name' && args?.name === 'CrRendererMain')
      .map(({ pid, tid }) => `${pid} ${tid}`),
  )
  const tasks = traceEvents.filter(({ name, pid, tid }) => name.endsWith('RunTask') && mainThreads.has(`${pid} ${tid}`))
  expect(tasks.length).toBeGreaterThan(100)
  // The thread's own time: on a machine whose cores also play the GPU, the clock counts waiting for a core.
  const longest = Math.max(...tasks.map(({ tdur, dur }) => (tdur ?? dur ?? 0) / 1000))
  expect(longest).toBeLessThan(50)
})
