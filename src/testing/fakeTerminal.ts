import type { Terminal } from '../cli/terminal.ts'

/** A terminal that keeps what is written; `typed` are the lines of standard input. */
export function fakeTerminal({ watched = false, typed = [] }: { watched?: boolean; typed?: string[] } = {}) {
  const stop = new AbortController()
  const written = { out: '', err: '' }
  const terminal: Terminal = {
    out: (text) => {
      written.out += text
    },
    err: (text) => {
      written.err += text
    },
    watched,
    async *lines() {
      yield* typed
    },
    signal: stop.signal,
  }
  return { terminal, written, interrupt: () => stop.abort() }
}
