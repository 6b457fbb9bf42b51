import { describe, expect, it } from 'vitest'
import { readCsv } from './csv.ts'

const head = 'image,question,answer'
const whereOf = ({ problems }: ReturnType<typeof readCsv>) => problems.map(({ where }) => where)

describe('readCsv', () => {
  it('reads quoted cells with commas, quotes and newlines, and names each row by its first line', () => {
    const text = `\uFEFF${head},kind\r\n.\\a.png,"What, ""exactly""?\r\nSay it.",a bee,naming\r\n\r\nb.png,,"a cat"," "\r\n`
    expect(readCsv('lesson.csv', text)).toEqual({
      format: 'csv',
      problems: [],
      rows: [
        {
          image: 'a.png',
          turns: [{ question: 'What, "exactly"?\nSay it.', answer: 'a bee' }],
          kind: 'naming',
          name: 'lesson.csv:2',
        },
        { image: 'b.png', turns: [{ question: '', answer: 'a cat' }], name: 'lesson.csv:5' },
      ],
    })
  })

  it.each([',', '\t', ';', '|'])('detects the delimiter %j and takes columns in any order', (delimiter) => {
    const row = (...cells: string[]) => cells.join(delimiter)
    const text = `\n${row('Note', '"Answer"', 'IMAGE ', 'question')}\n${row('x', 'a, b', 'a.png', '')}`
    const wanted = delimiter === ',' ? text.replace('a, b', '"a, b"') : text
    expect(readCsv('t.tsv', wanted)).toMatchObject({
      problems: [],
      rows: [{ image: 'a.png', turns: [{ question: '', answer: 'a, b' }], name: 't.tsv:3' }],
    })
  })

  it.each([
    ['a.png,What?', /has 2 cells, but the first line names 3 columns/],
    ['a.png,What, now?,a bee', /has 4 cells/],
    [',What?,a bee', /There is no "image"/],
    ['ftp://a.png,What?,a bee', /neither a path nor/],
    ['a.png,What?,', /The answer is empty/],
    ['a.png,"What?" he asked,a bee', /goes on behind its closing double quote/],
    ['a.png,"What?,a bee', /double quote/],
  ])('names the line of %s and goes on', (bad, message) => {
    const report = readCsv('lesson.csv', `${head}\na.png,"1\n2",x\n${bad}\na.png,,y\nb.png,"z",z\n`)
    expect(report.problems).toEqual([{ where: 'lesson.csv:4', message: expect.stringMatching(message) }])
    expect(report.rows.map(({ name }) => name)).toEqual(['lesson.csv:2', 'lesson.csv:5', 'lesson.csv:6'])
  })

  it('goes on after each of several open quotes, also in the last line', () => {
    const report = readCsv('lesson.csv', `${head}\na.png,"open,x\nb.png,"open,x\nc.png,,x\nd.png,,"open`)
    expect(whereOf(report)).toEqual(['lesson.csv:2', 'lesson.csv:3', 'lesson.csv:5'])
    expect(report.rows.map(({ image }) => image)).toEqual(['c.png'])
  })

  it.each([
    ['', 1, /but there is no image, no question, no answer/],
    ['\nimage,caption\na.png,x\n', 2, /but there is no question, no answer/],
    ['a.png,What?,a bee\nb.png,What?,a cat\n', 1, /The first line must name the columns/],
  ])('wants its columns named: %j', (text, line, message) => {
    expect(readCsv('lesson.csv', text)).toEqual({
      format: 'csv',
      rows: [],
      problems: [{ where: `lesson.csv:${line}`, message: expect.stringMatching(message) }],
    })
  })
})
