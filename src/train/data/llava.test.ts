import { describe, expect, it } from 'vitest'
import { readLlava } from './llava.ts'

/** An entry of five lines: image in the second, what is said in the third and fourth. */
const entry = (image = '"a.png"', question = '"<image>\\nWhat?"', answer = '"A bee."') => `{ "id": "x",
  "image": ${image}, "conversations": [
    { "from": "human", "value": ${question} },
    { "from": "gpt", "value": ${answer} }
] }`
const list = (...entries: string[]) => `[\n${entries.join(',\n')}\n]\n`

describe('readLlava', () => {
  it('reads conversations, also through a byte order mark and CRLF', () => {
    const text = `\uFEFF${list(entry(), entry('"./b/c.jpg"')).replaceAll('\n', '\r\n')}`
    const turns = [{ question: 'What?', answer: 'A bee.' }]
    expect(readLlava('mix.json', text)).toEqual({
      format: 'llava',
      problems: [],
      rows: [
        { image: 'a.png', turns, name: 'mix.json:2' },
        { image: 'b/c.jpg', turns, name: 'mix.json:7' },
      ],
    })
  })

  it('takes the marker from behind the question as well', () => {
    expect(readLlava('x', list(entry(undefined, '"What?\\n<image>"'))).rows[0]!.turns[0]!.question).toBe('What?')
    expect(readLlava('x', list(entry(undefined, '"<image>"'))).rows[0]!.turns[0]!.question).toBe('')
  })

  it.each([
    ['an image that is a number', entry('7'), 8, /"image" must be one path/],
    ['an empty image', entry('""'), 8, /There is no "image"/],
    ['only text', entry().replace('"image": "a.png", ', ''), 7, /There is no "image"/],
    ['no marker', entry(undefined, '"What?"'), 9, /no <image>/],
    ['an empty answer', entry(undefined, undefined, '""'), 10, /The answer is empty/],
    ['an unknown role', entry().replace('gpt', 'bard'), 10, /The role "bard" is unknown/],
    ['a question of null', entry(undefined, 'null'), 9, /What is said must be/],
    ['no object', '"te{xt"', 7, /This is no example/],
    ['a missing comma', entry().replace('"a.png",', '"a.png"'), 8, /This example is no JSON: a comma is missing/],
    ['an open string', entry(undefined, undefined, '"A bee'), 10, /no JSON: a text has no closing quote/],
    ['an open object', entry().slice(0, -1), 12, /This example is no JSON/],
    ['a bare word', entry(undefined, 'None'), 9, /This example is no JSON/],
    ['a comment', entry().replace('"a.png",', '"a.png", // a bee'), 8, /there is a comment/],
  ])('names the line of %s and goes on', (_, bad, at, message) => {
    const text = list(entry(), bad, entry(), entry())
    const { rows, problems } = readLlava('mix.json', text)
    expect(problems).toEqual([{ where: `mix.json:${at}`, message: expect.stringMatching(message) }])
    const lines = 7 + bad.split('\n').length
    expect(rows.map(({ name }) => name)).toEqual([2, lines, lines + 5].map((line) => `mix.json:${line}`))
  })

  it('keeps whole entries of a file that breaks off or lacks a comma', () => {
    const problemsOf = (text: string, count: number) => {
      const { rows, problems } = readLlava('mix.json', text)
      expect(rows.length).toBe(count)
      return problems.map(({ where, message }) => `${where} ${message}`)
    }
    expect(problemsOf(list(entry(), entry()).slice(0, -40), 1)).toEqual([expect.stringMatching(/:10 .*no JSON/)])
    expect(problemsOf(`[${entry()}`, 1)).toEqual([expect.stringMatching(/:5 .*\] is missing/)])
    expect(problemsOf(`[${entry()},`, 1)).toEqual([expect.stringMatching(/:5 .*\] is missing/)])
    expect(problemsOf(`[${entry()}\n${entry()}]`, 2)).toEqual([expect.stringMatching(/:6 A comma is missing/)])
    expect(problemsOf(`[${entry()},]`, 1)).toEqual([])
    expect(problemsOf(`[${entry()}]\n[]`, 1)).toEqual([expect.stringMatching(/:5 This is no example/)])
  })

  it('adds the column where everything stands on one line', () => {
    const one = (image: string) => JSON.stringify(JSON.parse(entry(image)))
    const { rows, problems } = readLlava('mix.json', `[${one('"a.png"')},${one('7')}]`)
    expect(rows[0]!.name).toBe('mix.json:1:2')
    expect(problems[0]!.where).toBe(`mix.json:1:${one('"a.png"').length + 3 + '{"id":"x","image":'.length}`)
  })

  it.each(['{ "data":\n[] }', 'non\nsense', '"[\n]"'])('says that %j is no list', (text) => {
    const message = expect.stringMatching(/must hold a list/)
    expect(readLlava('mix.json', text)).toEqual({
      format: 'llava',
      rows: [],
      problems: [{ where: 'mix.json:1', message }],
    })
  })

  it('has nothing to say about an empty list', () => {
    expect(readLlava('mix.json', '[]')).toEqual({ format: 'llava', rows: [], problems: [] })
  })
})
