import { expect, it } from 'vitest'
import { goldenJson } from '../testing/models.ts'
import { openTokenizer } from '../text/tokenizer.ts'
import { answerTokens, answerWords } from './answerTokens.ts'

const tokenizer = openTokenizer({ tokenizerJson: goldenJson('smollm2-tokenizer/tokenizer.json') })
const end = tokenizer.idOf('<|im_end|>')!
const explained = (said: string) => {
  const { text, tokens } = answerTokens(tokenizer, [...tokenizer.encode(said), end])
  return { text, tokens, words: answerWords(text, tokens) }
}

it('gives every token its characters, without the blanks before the first word', () => {
  const { text, tokens } = explained(' \n A red circle, twice.')
  expect(text).toBe('A red circle, twice.')
  expect(tokens.map((token) => token.text).join('')).toBe(text)
  for (const token of tokens) expect(text.slice(token.start, token.end)).toBe(token.text)
  expect(tokens.at(-1)).toEqual({ id: end, text: '', start: text.length, end: text.length })
})

it('gives the tokens of one character all of it', () => {
  const { text, tokens } = explained('a 🦭 b')
  expect(text).toBe('a 🦭 b')
  const seal = tokens.filter((token) => token.start < 4 && token.end > 2)
  expect(seal.length).toBeGreaterThan(1)
  expect(new Set(seal.map(({ start, end }) => `${start} ${end}`)).size).toBe(1)
})

it('finds the words and their tokens, without the punctuation around them', () => {
  const { text, tokens, words } = explained('The “red-brown” dog’s ball - (well), not an incomprehensibility!')
  expect(words.map((word) => word.text)).toEqual([
    'The',
    'red-brown',
    'dog’s',
    'ball',
    '-',
    'well',
    'not',
    'an',
    'incomprehensibility',
  ])
  for (const { start, end, text: word, tokens: range } of words) {
    expect(text.slice(start, end)).toBe(word)
    const own = tokens.slice(...range)
    expect(own.map((token) => token.text).join('')).toContain(word)
    expect(
      own
        .slice(1)
        .map((token) => token.text)
        .join(''),
    ).not.toContain(word)
  }
  expect(words.at(-1)!.tokens[1] - words.at(-1)!.tokens[0]).toBeGreaterThan(2)
  expect(words.at(-1)!.tokens[1]).toBe(tokens.length - 2)
})
