import { type Node, type ParseError, parseTree, printParseErrorCode } from 'jsonc-parser'

/** A text without the byte order mark that some editors put first. */
export const withoutBom = (text: string): string => text.replace(/^\uFEFF/, '')

/** Tells the line (from 1) of an offset into `text`; lines end with LF, CRLF or CR. */
export function lineFinder(text: string): (offset: number) => number {
  const starts = [0]
  for (const { index, 0: end } of text.matchAll(/\r\n|\n|\r/g)) starts.push(index + end.length)
  return (offset) => {
    let low = 0
    for (let high = starts.length; high - low > 1; ) {
      const middle = (low + high) >> 1
      if (starts[middle]! <= offset) low = middle
      else high = middle
    }
    return low + 1
  }
}

const meanings: Record<string, string> = {
  ValueExpected: 'a value is missing',
  PropertyNameExpected: 'a name in double quotes is missing',
  ColonExpected: 'a colon is missing',
  CommaExpected: 'a comma is missing',
  CloseBraceExpected: 'a closing } is missing',
  CloseBracketExpected: 'a closing ] is missing',
  EndOfFileExpected: 'there is more behind its end',
  UnexpectedEndOfString: 'a text has no closing quote on its line',
  InvalidCommentToken: 'there is a comment',
  InvalidEscapeCharacter: 'a backslash stands before a character that needs none; write \\\\ for a backslash',
  InvalidUnicode: '\\u is not followed by four hexadecimal digits',
  InvalidCharacter: 'a text contains a control character',
  InvalidNumberFormat: 'a number is not written as JSON wants it',
}

/** What a syntax error is, in words. */
export const meaningOf = ({ error }: ParseError): string =>
  meanings[printParseErrorCode(error)] ?? 'something stands there that JSON does not know'

/** Parses strict JSON as far as it goes, with everything that is wrong on the way. */
export function parseJson(text: string): { root: Node | undefined; errors: ParseError[] } {
  const errors: ParseError[] = []
  const root = parseTree(text, errors, { disallowComments: true, allowTrailingComma: false })
  return { root, errors }
}
