import { spawn } from 'node:child_process'
import { existsSync, mkdirSync, readFileSync, rmSync } from 'node:fs'
import { dirname, join, resolve } from 'node:path'
import { findChromium } from '../e2e/browser.ts'

/**
 * `npm test`: types, style, unit tests and browser tests, one after the other, all of them even when one fails. The last line
 * sums them up; the exit code is 1 when anything failed. Types and style count as one check each. Installs Playwright's Chromium
 * first where there is none; Node takes the Vulkan loader that comes with it where the system has none.
 */

interface Count {
  passed: number
  failed: number
  skipped: number
}

const root = resolve(import.meta.dirname, '..')
const reports = join(root, '.cache/test')
rmSync(reports, { recursive: true, force: true })
mkdirSync(reports, { recursive: true })
const unitReport = join(reports, 'unit.json')
const e2eReport = join(reports, 'e2e.json')

if (!findChromium()) await run('playwright', ['install', '--with-deps', 'chromium'])

const counts = [
  check(await run('tsc', ['--noEmit', '-p', '.'])),
  check(await run('biome', ['check', '--error-on-warnings'])),
  fromVitest(
    await run(
      'vitest',
      ['run', '--reporter=default', '--reporter=json', `--outputFile.json=${unitReport}`],
      vulkanLoader(),
    ),
    unitReport,
  ),
  fromPlaywright(
    await run('playwright', ['test', `--reporter=${process.env.CI ? 'line' : 'list'},json`], {
      PLAYWRIGHT_JSON_OUTPUT_FILE: e2eReport,
    }),
    e2eReport,
  ),
]

const sum = (key: keyof Count) => counts.reduce((total, count) => total + count[key], 0)
const skipped = sum('skipped') ? `, ${sum('skipped')} skipped` : ''
process.exitCode = sum('failed') || !sum('passed') ? 1 : 0
console.log(`\n${sum('passed')} passed, ${sum('failed')} failed${skipped}`)

function run(tool: string, args: string[], env: Record<string, string> = {}): Promise<number> {
  console.log(`\n> ${tool} ${args.filter((arg) => !arg.includes('report') && !arg.includes('File')).join(' ')}`)
  return new Promise((done) => {
    const child = spawn(join(root, 'node_modules/.bin', tool), args, {
      cwd: root,
      env: { ...process.env, ...env },
      stdio: ['ignore', 'inherit', 'inherit'],
      shell: process.platform === 'win32',
    })
    child.once('error', (error) => {
      console.error(error.message)
      done(1)
    })
    child.once('exit', (code) => done(code ?? 1))
  })
}

function vulkanLoader(): Record<string, string> {
  const system = ['/usr/lib/x86_64-linux-gnu', '/usr/lib/aarch64-linux-gnu', '/usr/lib64', '/usr/lib', '/usr/local/lib']
  const has = (folder: string) => existsSync(join(folder, 'libvulkan.so.1'))
  if (process.platform !== 'linux' || system.some(has)) return {}
  const folder = [dirname(findChromium() ?? ''), '/usr/lib/chromium'].find(has)
  return folder ? { LD_LIBRARY_PATH: [process.env.LD_LIBRARY_PATH, folder].filter(Boolean).join(':') } : {}
}

function check(code: number): Count {
  return { passed: code ? 0 : 1, failed: code ? 1 : 0, skipped: 0 }
}

/** A test file that could not even be loaded has no tests; it counts as one failure. */
function fromVitest(code: number, path: string): Count {
  const report = read<{
    numPassedTests: number
    numFailedTests: number
    numPendingTests: number
    numTodoTests: number
    testResults: { status: string; assertionResults: { status: string }[] }[]
  }>(path)
  if (!report) return check(1)
  const broken = report.testResults.filter(
    (file) => file.status === 'failed' && !file.assertionResults.some((test) => test.status === 'failed'),
  )
  return atLeastOneFailure(code, {
    passed: report.numPassedTests,
    failed: report.numFailedTests + broken.length,
    skipped: report.numPendingTests + report.numTodoTests,
  })
}

function fromPlaywright(code: number, path: string): Count {
  const report = read<{ stats: { expected: number; unexpected: number; flaky: number; skipped: number } }>(path)
  if (!report) return check(1)
  const { expected, unexpected, flaky, skipped } = report.stats
  return atLeastOneFailure(code, { passed: expected + flaky, failed: unexpected, skipped })
}

/** A runner may fail outside any test, say in a server's start or by an error nobody awaited. */
function atLeastOneFailure(code: number, count: Count): Count {
  return code && !count.failed ? { ...count, failed: 1 } : count
}

function read<T>(path: string): T | undefined {
  try {
    return JSON.parse(readFileSync(path, 'utf8'))
  } catch {
    return undefined
  }
}
