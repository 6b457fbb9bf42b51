import { expect, test } from 'vitest'
import type { Evaluation } from '../../store/runs.ts'
import { comparedLines, figure, lossLines, smoothed, tableRows } from './curves.ts'

const curves = (...loss: number[]) => ({ loss, gradNorm: loss.map(() => 1), learningRate: loss.map(() => 1e-3) })
const check = (step: number, loss: number): Evaluation => ({ step, loss, exact: 0.5, count: 4, answers: [] })

test('smoothing begins at the first value and leaves a constant as it is', () => {
  expect(smoothed([4, 0], 0)).toEqual([4, 0])
  expect(smoothed([4, 0], 0.5)[0]).toBe(4)
  expect(smoothed([4, 0], 0.5)[1]).toBeCloseTo(4 / 3)
  expect(smoothed([2, 2, 2], 0.9).map((value) => Number(value.toFixed(9)))).toEqual([2, 2, 2])
})

test('losses stand at their steps, held-out losses at theirs, also before the first step', () => {
  expect(lossLines(curves(3, 2), [check(0, 4), check(2, 1)], 0)).toEqual([
    [0, 1, 2],
    [null, 3, 2],
    [null, 3, 2],
    [4, null, 1],
  ])
})

test('compared runs share the steps of the longest', () => {
  expect(comparedLines([curves(3, 2, 1), curves(5)], 0)).toEqual([
    [1, 2, 3],
    [3, 2, 1],
    [5, null, null],
  ])
})

test('the table has the first, the last and every checked step', () => {
  const rows = tableRows(
    curves(...Array.from({ length: 100 }, (_, index) => 100 - index)),
    [check(0, 9), check(37, 5)],
    4,
  )
  expect(rows.map(({ step }) => step)).toEqual([0, 1, 25, 37, 50, 75, 100])
  expect(rows[3]).toEqual({ step: 37, loss: 64, heldOut: 5, exact: 0.5, learningRate: 1e-3, gradNorm: 1 })
})

test('figures keep the digits that tell something', () => {
  expect([0.00012, 0.0123456, 12.345, 1234.5, 0, Number.NaN].map(figure)).toEqual([
    '1.2e-4',
    '0.0123',
    '12.3',
    '1230',
    '0',
    'NaN',
  ])
})
