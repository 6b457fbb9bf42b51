/** Watches streamed text for strings that end the answer. */
export interface StopStrings {
  /** The text that may be shown now, and whether a stop string has been completed; nothing is shown from the stop string on. */
  push(text: string): { text: string; stopped: boolean }
  /** What was held back because it could have become a stop string. */
  end(): string
}

/** The length of the longest end of `text` that begins some stop string. */
function possibleStart(text: string, stops: readonly string[]): number {
  let longest = 0
  for (const stop of stops) {
    for (let length = Math.min(stop.length - 1, text.length); length > longest; length--) {
      if (text.endsWith(stop.slice(0, length))) longest = length
    }
  }
  return longest
}

/** A matcher for `stops`; empty strings are left out. The earliest match wins. */
export function stopStrings(stops: readonly string[]): StopStrings {
  const wanted = stops.filter((stop) => stop.length > 0)
  let held = ''
  let stopped = false
  return {
    push(text) {
      if (stopped) return { text: '', stopped }
      held += text
      const at = Math.min(...wanted.map((stop) => held.indexOf(stop)).filter((index) => index >= 0))
      stopped = Number.isFinite(at)
      const shown = stopped ? held.slice(0, at) : held.slice(0, held.length - possibleStart(held, wanted))
      held = stopped ? '' : held.slice(shown.length)
      return { text: shown, stopped }
    },
    end() {
      const rest = held
      held = ''
      return rest
    },
  }
}
