/** Turns ids into text one by one, so that every piece is whole characters. */
export interface TextStream {
  /** The characters that became certain with this id; often empty in the middle of a character of several bytes. */
  push(id: number): string
  /** What is still held back: the U+FFFD of bytes that never became a character. */
  end(): string
}

const REPLACEMENT = '\uFFFD'
/** A UTF-8 character has at most four bytes, so at most four tokens; a longer run without one begins with an invalid byte. */
const LONGEST_CHARACTER = 4

/**
 * Decodes a short window that begins at the last clean break, so that decoders which treat the first token differently (dummy
 * prefix spaces) see the same text as in one piece, and cost per token stays constant.
 */
export function textStream(decode: (ids: readonly number[]) => string): TextStream {
  let window: number[] = []
  /** Ids of the window whose text has gone out; the decoder sees them as context only. */
  let emitted = 0
  let emittedText = ''

  /** Gives out the text of the window's first `end` ids and keeps those that have not gone out before as the new context. */
  function emit(end: number): string {
    const fresh = decode(window.slice(0, end)).slice(emittedText.length)
    window = window.slice(emitted)
    emitted = end - emitted
    emittedText = decode(window.slice(0, emitted))
    return fresh
  }

  /** Where the waiting ids can be cut without cutting a character: after the first byte that belongs to none. */
  function cleanCut(text: string): number {
    for (let cut = emitted + 1; cut < window.length; cut++) {
      if (decode(window.slice(0, cut)) + decode(window.slice(cut)) === text) return cut
    }
    return window.length
  }

  return {
    push(id) {
      window.push(id)
      const text = decode(window)
      if (text.length <= emittedText.length) return ''
      if (!text.endsWith(REPLACEMENT)) return emit(window.length)
      return window.length - emitted < LONGEST_CHARACTER ? '' : emit(cleanCut(text))
    },
    end() {
      return decode(window).length > emittedText.length ? emit(window.length) : ''
    },
  }
}
