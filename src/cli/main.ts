#!/usr/bin/env node
import { createInterface } from 'node:readline'
import project from '../../package.json' with { type: 'json' }
import { run } from './run.ts'

const stop = new AbortController()
process.on('SIGINT', () => {
  if (stop.signal.aborted) process.exit(130)
  stop.abort()
})
process.stdout.on('error', ({ code }: NodeJS.ErrnoException) => process.exit(code === 'EPIPE' ? 0 : 1))

process.exitCode = await run(process.argv.slice(2), project.version, {
  out: (text) => process.stdout.write(text),
  err: (text) => process.stderr.write(text),
  watched: process.stderr.isTTY ?? false,
  lines: () => createInterface({ input: process.stdin, signal: stop.signal }),
  signal: stop.signal,
})
