import { beforeEach, expect, test, vi } from 'vitest'
import type { TeachEvent, TeachPlan } from '../../teachApi.ts'
import type { TaughtExample } from './examples.ts'
import type { Run } from './runs.ts'

vi.stubGlobal('location', { hash: '' })
vi.stubGlobal('document', { title: 'Beagle' })
vi.stubGlobal('addEventListener', () => {})
const { receive } = await import('./trainingEvents.ts')
const { putRun, runOf } = await import('./runs.ts')
const { current } = await import('./trainingState.ts')

const blob = new Blob(['pixels'])
const taught: TaughtExample[] = ['a', 'b'].map((name) => ({ id: name, name, blob, turns: [] }))
const say = (event: Exclude<TeachEvent, { type: 'done' }>) => receive('r', taught, event)
const step = (number: number, loss: number) =>
  say({
    type: 'step',
    step: number,
    loss,
    gradNorm: 1,
    learningRate: 1e-3,
    ms: 1,
    examplesPerSecond: 4,
    secondsLeft: 9,
  })
const check = (number: number, exact: number) =>
  say({
    type: 'evaluation',
    step: number,
    loss: 1,
    exact,
    count: 2,
    answers: [{ example: 1, question: 'What?', expected: 'b', said: 'a' }],
  })
const plan = (firstStep: number) =>
  say({ type: 'plan', plan: { trainExamples: 4, evalExamples: 2, steps: 6, firstStep } as TeachPlan })

beforeEach(() => {
  putRun({
    id: 'r',
    name: 'Run 1',
    model: { origin: 'here', label: 'Here' },
    createdAt: 0,
    state: 'running',
    curves: { loss: [], gradNorm: [], learningRate: [] },
    evaluations: [],
    shown: {},
    seconds: 0,
  } satisfies Run)
})

test('steps, checks and saves are written down, and the page knows how far it is', () => {
  plan(1)
  check(0, 0)
  step(1, 3)
  step(2, 2)
  say({ type: 'saved', step: 2 })
  check(2, 0.5)
  const run = runOf('r')!
  expect(run.curves).toEqual({ loss: [3, 2], gradNorm: [1, 1], learningRate: [1e-3, 1e-3] })
  expect(run.evaluations.map(({ step, exact }) => [step, exact])).toEqual([
    [0, 0],
    [2, 0.5],
  ])
  expect(run.shown).toEqual({ 1: blob })
  expect(run.savedStep).toBe(2)
  expect(run.counts).toEqual({ train: 4, heldOut: 2, steps: 6 })
  expect(current.value?.progress).toMatchObject({ kind: 'steps', step: 2, steps: 6 })
  expect(document.title).toBe('2/6 · Beagle')
})

test('a run that goes on forgets what came after its save, and takes every step once', () => {
  plan(1)
  for (const [index, loss] of [5, 4, 3, 2].entries()) step(index + 1, loss)
  check(0, 0)
  check(4, 0.5)
  plan(3)
  expect(runOf('r')!.curves.loss).toEqual([5, 4])
  expect(runOf('r')!.evaluations.map(({ step }) => step)).toEqual([0])
  step(3, 3.1)
  check(4, 1)
  check(4, 1)
  expect(runOf('r')!.curves.loss).toEqual([5, 4, 3.1])
  expect(runOf('r')!.evaluations.map(({ step }) => step)).toEqual([0, 4])
  plan(6)
  step(6, 1)
  expect(runOf('r')!.curves.loss).toHaveLength(6)
})
