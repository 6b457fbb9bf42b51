import { marked, type Token } from 'marked'
import { expect, test, vi } from 'vitest'
import { StreamingMarkdown } from './markdown.ts'

const html = (tokens: Token[]) => marked.parser(tokens)
const text = [
  '# Title',
  'A paragraph with **bold** text\nover two lines.',
  '- one\n- two\n\n  still two',
  '```js\nconst a = 1\n\nconst b = 2\n```',
  '| a | b |\n|---|---|\n| 1 | 2 |',
  '> quote\n\nThe end.',
].join('\n\n')

test('text that arrives piece by piece gives what the whole text gives', () => {
  for (const step of [1, 3, 7]) {
    const streaming = new StreamingMarkdown(html)
    for (let end = 1; end < text.length; end += step) streaming.update(text.slice(0, end))
    const blocks = streaming.update(text)
    expect(blocks.map((block) => block.html).join('')).toBe(html(marked.lexer(text)))
    expect(blocks.map((block) => block.raw).join('')).toBe(text)
  }
})

test('blocks that are followed by another are rendered once', () => {
  const render = vi.fn(html)
  const streaming = new StreamingMarkdown(render)
  streaming.update('first\n\nsecond')
  render.mockClear()
  const blocks = streaming.update('first\n\nsecond and more')
  expect(render).toHaveBeenCalledOnce()
  expect(blocks.map(({ start }) => start)).toEqual([0, 7])
})

test('another text starts anew', () => {
  const streaming = new StreamingMarkdown(html)
  streaming.update('first\n\nsecond')
  expect(streaming.update('other').map((block) => block.html)).toEqual(['<p>other</p>\n'])
})
