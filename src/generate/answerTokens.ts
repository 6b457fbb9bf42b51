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
    if (added !== '') waiting = 0
  }
  for (const id of ids) {
    tokens.push({ id, text: '', start: text.length, end: text.length })
    waiting++
    say(stream.push(id))
  }
  say(stream.end())
  return { text, tokens }
}

/** The words of a text, and which tokens have characters of them. */
export function answerWords(text: string, tokens: readonly AnswerToken[]): AnswerWord[] {
  return [...text.matchAll(/\S+/g)].map(({ 0: word, index: start }) => {
    const end = start + word.length
    return { text: word, start, end, tokens: tokensWithin(tokens, start, end) }
  })
}

/** The tokens that have characters of a range of the text. */
function tokensWithin(tokens: readonly AnswerToken[], start: number, end: number): readonly [number, number] {
  const touches = (token: AnswerToken) => token.start < end && token.end > start
  const first = tokens.findIndex(touches)
  return first < 0 ? [0, 0] : [first, tokens.findLastIndex(touches) + 1]
}
