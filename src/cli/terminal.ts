/** What a command talks to; the tests put their own in its place. */
export interface Terminal {
  /** Standard output: answers and reports. */
  out(text: string): void
  /** Standard error: progress, figures and errors. */
  err(text: string): void
  /** Somebody watches standard error, so progress may be drawn there. */
  watched: boolean
  /** Lines of standard input, read when asked for. */
  lines(): AsyncIterable<string>
  /** Ctrl-C. */
  signal: AbortSignal
}
