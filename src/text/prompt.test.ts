import { describe, expect, it } from 'vitest'
import { encodePrompt, expandImageTokens } from './imageTokens.ts'
import { stopStrings } from './stopStrings.ts'
import { openTokenizer } from './tokenizer.ts'

describe('expandImageTokens', () => {
  it('repeats each image token as often as its image has visual tokens', () => {
    expect(expandImageTokens([1, 9, 2, 9], 9, [2, 3])).toEqual([1, 9, 9, 2, 9, 9, 9])
    expect(expandImageTokens([1, 2], 9, [])).toEqual([1, 2])
  })

  it('names both numbers when they differ', () => {
    expect(() => expandImageTokens([9, 9], 9, [4])).toThrow(/2 image token\(s\) \(id 9\) but 1 image\(s\)/)
    expect(() => expandImageTokens([1], 9, [4])).toThrow(/0 image token\(s\)/)
  })
})

describe('encodePrompt', () => {
  it('adds BOS unless the template has written it', () => {
    const asked: unknown[] = []
    const tokenizer = {
      specialTokens: { bos_token: '<s>' },
      encode: (_: string, options?: { addSpecialTokens?: boolean }) => {
        asked.push(options?.addSpecialTokens)
        return []
      },
    }
    encodePrompt(tokenizer, 'USER:')
    encodePrompt(tokenizer, '<s>USER:')
    encodePrompt({ ...tokenizer, specialTokens: {} }, 'USER:')
    expect(asked).toEqual([true, false, true])
  })
})

describe('stopStrings', () => {
  const run = (stops: string[], pieces: string[]) => {
    const watch = stopStrings(stops)
    return [...pieces.map((piece) => watch.push(piece)), watch.end()]
  }

  it('holds back what may become a stop string and lets go what does not', () => {
    expect(run(['</s>'], ['a<', '/', 'b', '<'])).toEqual([
      { text: 'a', stopped: false },
      { text: '', stopped: false },
      { text: '</b', stopped: false },
      { text: '', stopped: false },
      '<',
    ])
  })

  it('ends before a stop string that comes in pieces, and shows nothing after it', () => {
    expect(run(['USER:'], ['Yes. US', 'ER: no', 'more'])).toEqual([
      { text: 'Yes. ', stopped: false },
      { text: '', stopped: true },
      { text: '', stopped: true },
      '',
    ])
  })

  it('takes the earliest of several, and finds one inside a false start', () => {
    expect(run(['xy', 'b'], ['abxy'])[0]).toEqual({ text: 'a', stopped: true })
    expect(run(['aab'], ['aa', 'a', 'b'])).toEqual([
      { text: '', stopped: false },
      { text: 'a', stopped: false },
      { text: '', stopped: true },
      '',
    ])
  })

  it('lets everything through without stop strings', () => {
    expect(run([''], ['abc'])).toEqual([{ text: 'abc', stopped: false }, ''])
  })
})

describe('openTokenizer', () => {
  it('says what is wrong with a tokenizer.json that is none', () => {
    expect(() => openTokenizer({ tokenizerJson: { model: { type: 'Magic' } } })).toThrow(
      /tokenizer.json cannot be used/,
    )
  })
})
