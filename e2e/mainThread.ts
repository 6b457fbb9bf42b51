import { readFileSync } from 'node:fs'
import { type Browser, expect, type Page } from '@playwright/test'

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

/** Milliseconds of its own time that the main thread's longest task takes while `work` is done; the trace goes to `path`. */
export async function longestTask(
  browser: Browser,
  page: Page,
  path: string,
  work: () => Promise<unknown>,
): Promise<number> {
  await browser.startTracing(page, {
    path,
    categories: ['toplevel', 'disabled-by-default-devtools.timeline', '__metadata'],
  })
  await work()
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
  return Math.max(...tasks.map(({ tdur, dur }) => (tdur ?? dur ?? 0) / 1000))
}
