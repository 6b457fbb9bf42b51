import { expect, test, vi } from 'vitest'
import type { Comparison } from '../../evaluationApi.ts'
import type { Evaluated } from './labEvaluate.ts'

vi.stubGlobal('location', { hash: '' })
vi.stubGlobal('document', { title: 'Beagle' })
vi.stubGlobal('addEventListener', () => {})
const { answeredByAll } = await import('./labEvaluate.ts')
const { comparedCsv, csv, evaluatedCsv } = await import('./labExport.ts')
const { questionsOf, spread } = await import('./labSets.ts')

const bench = { model: { origin: 'here', label: 'Pocket', weights: 'q4' }, device: 'test', at: 0 }
const columns = [
  { id: 'base', name: 'base', label: 'Base', type: 'linear', visualTokens: 64 },
  { id: 'offered/few', name: 'few', label: 'Few, "16"', type: 'c-abs', visualTokens: 16 },
]
const questions = ['x', 'x', 'y'].map((image, i) => ({ image, question: '?', answer: '!', kind: i === 1 ? 'a' : 'b' }))
const said = (index: number, projector: string, right: boolean) => ({ index, projector, said: '', right })

test('cells with commas, quotes and breaks are quoted', () => {
  expect(
    csv([
      ['a', 1, undefined],
      ['b,c', 'say "x"', 'two\nlines'],
    ]),
  ).toBe('a,1,\r\n"b,c","say ""x""","two\nlines"\r\n')
})

test('a comparison has a line per projector, an evaluation one per projector and kind', () => {
  const answer: Comparison = {
    ...{ projector: 'few', type: 'c-abs', text: 'a cat', visualTokens: 16, encodeMs: 1.5, firstTokenMs: 3 },
    ...{ tokensPerSecond: 100, tokens: 4, runs: 3, projectorBytes: 10, visualTokenBytes: 20 },
  }
  const picture = { name: 'p.png', blob: new Blob() }
  expect(comparedCsv({ ...bench, question: 'Q', picture, columns, answers: [answer] }).split('\r\n')[1]).toBe(
    '"Few, ""16""",c-abs,16,1.5,3,100,4,3,10,20,p.png,Q,a cat',
  )
  const answers = [said(0, 'base', true), said(1, 'base', false), said(0, 'few', false)]
  const result: Evaluated = { ...bench, set: 'S', of: 3, questions, columns, answers, seconds: 1, state: 'stopped' }
  expect(evaluatedCsv(result).trim().split('\r\n').slice(1)).toEqual([
    'Base,linear,64,a,0,1,0',
    'Base,linear,64,b,1,1,1',
    'Base,linear,64,all,1,2,0.5',
    '"Few, ""16""",c-abs,16,b,0,1,0',
    '"Few, ""16""",c-abs,16,all,0,1,0',
  ])
})

test('an evaluation goes on behind the last question that all have answered', () => {
  expect(answeredByAll([], 2)).toBe(0)
  expect(answeredByAll([said(0, 'a', true), said(1, 'a', true), said(0, 'b', true)], 2)).toBe(1)
})

test('questions about one image go together, and part of a set has whole images from all over it', () => {
  const rows = ['x', 'y', 'x'].map((image, i) => ({
    ...{ image, name: `line ${i}` },
    turns: [{ question: `q${i}`, answer: 'a' }],
  }))
  expect(questionsOf(rows).map(({ image, question }) => image + question)).toEqual(['xq0', 'xq2', 'yq1'])
  const many = Array.from({ length: 20 }, (_, i) => ({ ...questions[0]!, image: String(Math.floor(i / 2)) }))
  expect([...new Set(spread(many, 8).map(({ image }) => image))]).toEqual(['0', '2', '5', '7'])
  expect(spread(many, 100)).toEqual(many)
})
