import type { AnswerToken, AnswerWord } from '../explainApi.ts'
import type { Tokenizer } from '../text/tokenizer.ts'

/** The text of an answer as `chat` says it, and the characters of each of its tokens. */
export function answerTokens(tokenizer: Tokenizer, ids: readonly number[]): { text: string; tokens: AnswerToken[] } {
  const stream = tokenizer.stream()
  const tokens: AnswerToken[] = []
  let text = ''
  let waiting = 0
  const say = (piece: string) => {
    const added = text === '' ? piece.trimStart() : piece
    const start = text.length
    text += added
    for (const token of tokens.slice(tokens.length - waiting))
      Object.assign(token, { text: added, start, end: text.length })
    if (piece !== '') waiting = 0
  }
  for (const id of ids) {
    tokens.push({ id, text: '', start: text.length, end: text.length })
    waiting++
    say(stream.push(id))
  }
  say(stream.end())
  return { text, tokens }
}

/** A word without the punctuation around it, or punctuation that stands alone. */
const word = /[^\s\p{P}](?:\S*[^\s\p{P}])?|(?<!\S)\p{P}+(?!\S)/gu

/** The words of a text, and which tokens have characters of them. */
export function answerWords(text: string, tokens: readonly AnswerToken[]): AnswerWord[] {
  return [...text.matchAll(word)].map(({ 0: text, index: start }) => {
    const end = start + text.length
    return { text, start, end, tokens: tokensWithin(tokens, start, end) }
  })
}

/** The tokens that have characters of a range of the text. */
function tokensWithin(tokens: readonly AnswerToken[], start: number, end: number): readonly [number, number] {
  const touches = (token: AnswerToken) => token.start < end && token.end > start
  const first = tokens.findIndex(touches)
  return first < 0 ? [0, 0] : [first, tokens.findLastIndex(touches) + 1]
}
