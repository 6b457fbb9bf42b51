import { expect, it } from 'vitest'
import { WordSearch } from './words.ts'

it('finds rendered words in the source, past its marks', () => {
  const source = 'The **big** cat is `here`.\n\n- the [cat](http://cats.test) &amp; a dog'
  const search = new WordSearch(source)
  const found = ['The ', 'big', ' cat is ', 'here', '.', '\n', 'the ', 'cat', ' & a dog'].flatMap((piece) =>
    search.split(piece),
  )
  const words = found.filter((part) => typeof part !== 'string')
  for (const { word, start, end } of words) expect(source.slice(start, end)).toBe(word)
  expect(words.map(({ word }) => word)).toEqual('The big cat is here the cat a dog'.split(' '))
  expect(words.map(({ start }) => start)).toEqual([...words.map(({ start }) => start)].sort((a, b) => a - b))
  expect(words.findLast(({ word }) => word === 'cat')!.start).toBe(source.indexOf('[cat]') + 1)
})

it('leaves punctuation around words, not within them', () => {
  const words = new WordSearch('The “red-and-blue” cat’s… (yes!)').split('The “red-and-blue” cat’s… (yes!)')
  expect(words.map((part) => (typeof part === 'string' ? part : [part.word]))).toEqual([
    ...[['The'], ' “', ['red-and-blue'], '” ', ['cat’s'], '… (', ['yes'], '!)'],
  ])
})

it('keeps blanks, and words that the source writes otherwise, as text', () => {
  expect(new WordSearch('a &lt; b').split('a < b')).toEqual([
    { word: 'a', start: 0, end: 1 },
    ' ',
    '<',
    ' ',
    { word: 'b', start: 7, end: 8 },
  ])
})
