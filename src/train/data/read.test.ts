import { describe, expect, it } from 'vitest'
import { BeagleError } from '../../errors.ts'
import { readData } from './read.ts'

const example = { image: 'a.png', question: 'What?', answer: 'A bee.' }
const line = JSON.stringify(example)

describe('readData', () => {
  it.each([
    ['lesson.json', `\uFEFF\n[${line}]`, 'llava', 'lesson.json:2'],
    ['folder/lesson.jsonl', `${line}\n`, 'jsonl', 'lesson.jsonl:1'],
    ['folder\\Lesson.NDJSON', `${line}\n`, 'jsonl', 'Lesson.NDJSON:1'],
    ['list.jsonl', JSON.stringify([example], null, 1), 'llava', 'list.jsonl:2'],
    ['lines.json', `${line}\r\n${line}`, 'jsonl', 'lines.json:1'],
    ['lesson.csv', 'image,question,answer\na.png,What?,A bee.', 'csv', 'lesson.csv:2'],
    ['lesson.tsv', 'image\tquestion\tanswer\na.png\tWhat?\tA bee.', 'csv', 'lesson.tsv:2'],
  ])('reads %s', (name, text, format, where) => {
    const report = readData(name, text)
    expect(report).toMatchObject({ format, problems: [] })
    expect(report.rows[0]).toEqual({ image: 'a.png', turns: [{ question: 'What?', answer: 'A bee.' }], name: where })
  })

  it('says where a .json of one object is no list', () => {
    expect(readData('x.json', JSON.stringify(example, null, 2)).problems).toEqual([
      { where: 'x.json:1', message: expect.stringMatching(/must hold a list/) },
    ])
  })

  it.each([
    [
      'notes.txt',
      line,
      /"notes.txt" is no data file that can be read\. Known are LLaVA’s \.json .* \.jsonl or \.ndjson .* \.csv or \.tsv/,
    ],
    ['json', line, /"json" is no data file/],
    ['x/empty.jsonl', '\uFEFF \n', /"empty.jsonl" is empty\. Known are/],
    ['sheet.csv', 'i\0m\0a\0g\0e\0', /is no UTF-8 text; save it as UTF-8/],
  ])('refuses %s and names what it knows', (name, text, message) => {
    expect(() => readData(name, text)).toThrow(message)
    expect(() => readData(name, text)).toThrow(BeagleError)
  })
})
