import { createServer } from 'node:net'
import { defineConfig, devices } from '@playwright/test'
import { launchOptions } from './e2e/browser.ts'

/** The configuration is read again in every worker process, which finds the port of the first reading in its environment. */
process.env.BEAGLE_PORT ??= String(await freePort())
const port = process.env.BEAGLE_PORT

export default defineConfig({
  testDir: 'e2e',
  outputDir: 'test-results',
  workers: 1,
  timeout: 120_000,
  globalTimeout: 40 * 60_000,
  expect: { timeout: 30_000 },
  forbidOnly: !!process.env.CI,
  reporter: process.env.CI ? 'line' : 'list',
  use: {
    ...devices['Desktop Chrome'],
    baseURL: `http://localhost:${port}`,
    launchOptions: launchOptions(),
    actionTimeout: 30_000,
    trace: { mode: 'retain-on-failure', screenshots: false },
  },
  webServer: {
    command: `npm run build && npx vite preview --port ${port} --strictPort`,
    url: `http://localhost:${port}`,
    timeout: 180_000,
  },
})

function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer().once('error', reject)
    server.listen(0, () => {
      const address = server.address()
      server.close(() => resolve(typeof address === 'object' && address ? address.port : 0))
    })
  })
}
