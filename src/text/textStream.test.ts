import { describe, expect, it } from 'vitest'
import { textStream } from './textStream.ts'

/** A decoder whose ids are bytes; like real ones it shows bytes that are no character as U+FFFD. */
const decodeBytes = (ids: readonly number[]) => new TextDecoder().decode(Uint8Array.from(ids))

function streamed(bytes: Iterable<number>): string[] {
  const stream = textStream(decodeBytes)
  return [...Array.from(bytes, (byte) => stream.push(byte)), stream.end()]
}

const utf8 = (text: string) => new TextEncoder().encode(text)

describe('textStream', () => {
  it('gives out whole characters, each as soon as it is whole', () => {
    expect(streamed(utf8('aé한🐝!'))).toEqual(['a', '', 'é', '', '', '한', '', '', '', '🐝', '!', ''])
  })

  it('does not cut a character that follows bytes that are none', () => {
    expect(streamed([0xff, ...utf8('🐝')]).join('')).toBe('\uFFFD🐝')
    expect(streamed([0xff, 0xfe, ...utf8('🐝'), 0xff, 0x41]).join('')).toBe('\uFFFD\uFFFD🐝\uFFFDA')
    for (const piece of streamed([0xff, ...utf8('🐝🐝')])) expect(['', '\uFFFD', '🐝', '\uFFFD🐝']).toContain(piece)
  })

  it('gives out what never became a character at the end, and equals decoding in one piece', () => {
    expect(streamed(utf8('🐝').subarray(0, 3)).at(-1)).toBe('\uFFFD')
    const noise = Uint8Array.from({ length: 500 }, (_, i) => (i * 7919 + i * i * 31) % 256)
    expect(streamed(noise).join('')).toBe(new TextDecoder().decode(noise))
  })

  it('keeps spaces that a decoder strips from the first token only', () => {
    const decode = (ids: readonly number[]) =>
      ids
        .map((id) => [' a', ' b', 'c'][id])
        .join('')
        .replace(/^ /, '')
    const stream = textStream(decode)
    expect([0, 1, 2, 1, 0].map((id) => stream.push(id)).join('')).toBe('a bc b a')
  })

  it('decodes a short window only', () => {
    let longest = 0
    const stream = textStream((ids) => {
      longest = Math.max(longest, ids.length)
      return decodeBytes(ids)
    })
    for (let i = 0; i < 1000; i++) stream.push(97 + (i % 26))
    expect(longest).toBeLessThan(10)
  })
})
