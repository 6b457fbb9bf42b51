import { describe, expect, it } from 'vitest'
import { readJsonl } from './jsonl.ts'

const good = { image: 'a.png', question: 'What?', answer: 'A bee.' }
const line = (changes: object = {}) => JSON.stringify({ ...good, ...changes })

describe('readJsonl', () => {
  it('reads questions and conversations, and names each by its line', () => {
    const conversations = [
      { from: 'human', value: '<image>\nWhat?' },
      { from: 'gpt', value: ' A bee. ' },
      { from: 'user', value: 'Which colour?' },
      { from: 'assistant', value: 'Yellow.' },
    ]
    const text = `\uFEFF${line({ kind: 'naming' })}\r\n\r\n${line({ question: '<image>\n' })}\r\n${JSON.stringify({ image: 'https://x.org/b\\c.png', conversations })}`
    expect(readJsonl('lesson.jsonl', text)).toEqual({
      format: 'jsonl',
      problems: [],
      rows: [
        { image: 'a.png', turns: [{ question: 'What?', answer: 'A bee.' }], kind: 'naming', name: 'lesson.jsonl:1' },
        { image: 'a.png', turns: [{ question: '', answer: 'A bee.' }], name: 'lesson.jsonl:3' },
        {
          image: 'https://x.org/b\\c.png',
          turns: [
            { question: 'What?', answer: 'A bee.' },
            { question: 'Which colour?', answer: 'Yellow.' },
          ],
          name: 'lesson.jsonl:4',
        },
      ],
    })
  })

  it.each([
    ['./a/b.png', 'a/b.png'],
    ['.\\a\\b.png', 'a/b.png'],
    ['././/a.png', 'a.png'],
    ['../a.png', '../a.png'],
    ['/a/b.png', '/a/b.png'],
    ['C:\\a\\b.png', 'C:/a/b.png'],
    ['HTTP://x.org/./a.png', 'HTTP://x.org/./a.png'],
  ])('takes the path %s as %s', (image, expected) => {
    expect(readJsonl('x', line({ image })).rows[0]!.image).toBe(expected)
  })

  const said = (...turns: [string, unknown][]) =>
    JSON.stringify({ image: 'a.png', conversations: turns.map(([from, value]) => ({ from, value })) })
  const asked: [string, string] = ['human', '<image>\nWhat?']
  const told: [string, string] = ['gpt', 'A bee.']

  it.each([
    ['{"image": "a.png", "question"', /no JSON: a colon is missing|closing/],
    ['{"image": "a.png" "question": "", "answer": "x"}', /no JSON: a comma is missing \(column 19\)/],
    ['{"image": "a.png", "question": "", "answer": "x}', /no JSON: a text has no closing quote/],
    [`${line()},`, /no JSON: there is more behind its end/],
    ["{'image': 'a.png'}", /no JSON/],
    [`${line()} // good`, /no JSON: there is a comment/],
    ['{"image": "a.png", "question": NaN}', /no JSON/],
    ['["a.png", "What?", "A bee."]', /is an object with an image, but this is a list/],
    ['"a.png"', /but this is a text/],
    ['null', /but this is nothing/],
    [line({ image: undefined }), /There is no "image"/],
    [line({ image: ' ' }), /There is no "image"/],
    [line({ image: null }), /There is no "image"/],
    [line({ image: ['a.png', 'b.png'] }), /"image" must be one path or URL, but is a list/],
    [line({ image: 'file:///a.png' }), /"file:\/\/\/a.png" is neither a path nor/],
    [line({ image: `data:image/png;base64,${'A'.repeat(500)}` }), /"data:.{55}…" is neither/],
    ['{"image": "a\\bee.png", "question": "", "answer": "x"}', /control character/],
    [line({ question: undefined }), /There is no "question"\. An example has/],
    [line({ question: 3 }), /"question" must be a text, but is the number 3/],
    [line({ question: '<image> or <image>?' }), /has <image> 2 times/],
    [line({ answer: undefined }), /There is no "answer"/],
    [line({ answer: true }), /"answer" must be a text, but is true/],
    [line({ answer: ' \n' }), /The answer is empty/],
    [line({ answer: 'an <image>' }), /The answer contains <image>/],
    [line({ kind: 1 }), /"kind" must be a text/],
    [line({ conversations: 'none' }), /"conversations" must be a list .* but is a text/],
    [line({ conversations: [] }), /"conversations" must be a list .* but is empty/],
    [line({ conversations: [null] }), /What is said must be/],
    [said(['human', 7], told), /What is said must be/],
    [said(['human', 'What?'], told), /The first question has no <image>/],
    [said(['human', '<image><image>'], told), /The first question has 2 <image>/],
    [said(asked, told, asked, told), /<image> stands in a later question/],
    [said(asked, ['gpt', '']), /The answer is empty/],
    [said(asked, ['bing', 'x']), /The role "bing" is unknown/],
    [said(['system', 'Be kind.'], asked, told), /The role "system" is unknown/],
    [said(told, asked), /Here "human" must speak, but it is "gpt"/],
    [said(asked, asked), /Here "gpt" must speak, but it is "human"/],
    [said(asked, told, ['human', 'And?']), /The last question has no answer/],
  ])('names the line of %s and goes on', (bad, message) => {
    const { rows, problems } = readJsonl('lesson.jsonl', `${line()}\n${bad}\n${line()}\n`)
    expect(rows.map(({ name }) => name)).toEqual(['lesson.jsonl:1', 'lesson.jsonl:3'])
    expect(problems).toEqual([{ where: 'lesson.jsonl:2', message: expect.stringMatching(message) }])
  })
})
