import { signal } from '@preact/signals'
import { type EvaluationAnswer, type EvaluationQuestion, type Score, scores } from '../../evaluationApi.ts'
import { PageError } from '../protocol.ts'
import { type Bench, type Column, columnOf, hindrance, picked, refreshed, work } from './lab.ts'
import { explain } from './labCompare.ts'
import { benchNow, keepResult } from './labKept.ts'
import { chosenSet, embeddedSet, ownSets, type QuestionSet, spread } from './labSets.ts'
import { client, modelIsBack, modelState, recover } from './model.ts'
import { announcement, showToast } from './panels.ts'
import { bring } from './projectors.ts'

/** A set of questions, and what each projector answered. */
export interface Evaluated extends Bench {
  set: string
  /** How many questions the whole set has. */
  of: number
  questions: EvaluationQuestion[]
  columns: Column[]
  answers: EvaluationAnswer[]
  seconds: number
  state: 'running' | 'done' | 'stopped'
  problem?: string
}

export const evaluated = signal<Evaluated | undefined>(undefined)
/** About how many questions are asked. */
export const questionCount = signal(40)

const KEEP_EVERY_MS = 3000
const READ_AT_ONCE = 8

/** Asks the chosen set with each projector that is picked; a GPU that is lost on the way costs one image. */
export async function evaluateNow(): Promise<void> {
  if (hindrance.peek() || work.peek()) return
  const stop = new AbortController()
  const asked = picked.peek().map(columnOf)
  let begun = false
  work.value = { kind: 'evaluate', what: 'Reading the questions', done: 0, total: 0, stopping: false, stop }
  try {
    const set = ownSets.peek().find(({ id }) => id === chosenSet.peek()) ?? (await embeddedSet())
    const questions = spread(set.questions, questionCount.peek())
    evaluated.value = {
      ...benchNow(),
      ...{ set: set.name, of: set.questions.length, questions, columns: asked },
      ...{ answers: [], seconds: 0, state: 'running' },
    }
    begun = true
    const images = await readImages(set, questions, stop.signal)
    await follow(images, stop.signal)
    change({ state: 'done' })
    announcement.value = `${questions.length} questions were asked. ${best()}`
  } catch (error) {
    const problem = error instanceof PageError ? explain(error, stop.signal.aborted) : String((error as Error).message)
    if (begun) change({ state: 'stopped', problem: stop.signal.aborted ? 'Stopped.' : problem })
    else if (!stop.signal.aborted) showToast(problem, { tone: 'problem' })
    announcement.value = problem
  } finally {
    work.value = undefined
    void keepResult('evaluated', evaluated.peek())
  }
}

async function readImages(set: QuestionSet, questions: EvaluationQuestion[], signal: AbortSignal) {
  const names = [...new Set(questions.map(({ image }) => image))]
  const images = new Map<string, Blob>()
  for (let at = 0; at < names.length; at += READ_AT_ONCE) {
    const some = names.slice(at, at + READ_AT_ONCE)
    for (const [i, blob] of (await Promise.all(some.map((name) => set.open(name, signal)))).entries())
      images.set(some[i]!, blob)
  }
  return images
}

/** Asks what has not been answered by all, until it has. */
async function follow(images: Map<string, Blob>, signal: AbortSignal): Promise<void> {
  for (;;) {
    const { columns, questions, answers } = evaluated.peek()!
    const first = answeredByAll(answers, columns.length)
    change({ answers: answers.filter(({ index }) => index < first) })
    const rest = questions.slice(first)
    const ids = columns.map(({ id }) => id)
    const clock = { start: performance.now(), answers: 0, kept: performance.now(), seconds: evaluated.peek()!.seconds }
    try {
      setWork({ what: 'Bringing the projectors', total: questions.length * columns.length })
      const projectors = await bring(ids)
      change({ columns: columns.map(refreshed) })
      setWork({ what: 'Asking' })
      await client().evaluate({ projectors, questions: rest, images }, (some) => take(some, first, clock), signal)
      return
    } catch (error) {
      if (!(error instanceof PageError)) throw error
      if (error.code === 'device-lost' && modelState.peek().kind === 'ready') recover(error)
      const lost = error.code === 'device-lost' || error.code === 'unexpected'
      if (!lost || modelState.peek().kind !== 'loading') throw error
      setWork({ what: 'The GPU was reset; the model is loading again', secondsLeft: undefined })
      if (!(await modelIsBack(evaluated.peek()!.model.origin))) throw error
      signal.throwIfAborted()
    }
  }
}

interface Clock {
  start: number
  answers: number
  kept: number
  /** Spent before. */
  seconds: number
}

function take(some: EvaluationAnswer[], first: number, clock: Clock): void {
  const { answers, questions, columns } = evaluated.peek()!
  clock.answers += some.length
  const elapsed = (performance.now() - clock.start) / 1000
  const all = [...answers, ...some.map((answer) => ({ ...answer, index: answer.index + first }))]
  change({ answers: all, seconds: clock.seconds + elapsed })
  const total = questions.length * columns.length
  setWork({ done: all.length, total, secondsLeft: (elapsed / clock.answers) * (total - all.length) })
  if (performance.now() - clock.kept < KEEP_EVERY_MS) return
  clock.kept = performance.now()
  void keepResult('evaluated', evaluated.peek())
}

function setWork(change: { what?: string; done?: number; total?: number; secondsLeft?: number }): void {
  const now = work.peek()
  if (now) work.value = { ...now, ...change }
}

function change(change: Partial<Evaluated>): void {
  evaluated.value = { ...evaluated.peek()!, ...change }
}

/** How many questions, from the first on, each of so many projectors has answered. */
export function answeredByAll(answers: readonly EvaluationAnswer[], projectors: number): number {
  const counts = new Map<number, number>()
  for (const { index } of answers) counts.set(index, (counts.get(index) ?? 0) + 1)
  let first = 0
  while (counts.get(first) === projectors) first++
  return first
}

/** Scores of each column, as far as it was asked. */
export function columnScores({
  columns,
  questions,
  answers,
}: Evaluated): { all: Score; kinds: Record<string, Score> }[] {
  return columns.map(({ name }) =>
    scores(
      questions,
      answers.filter(({ projector }) => projector === name),
    ),
  )
}

function best(): string {
  const result = evaluated.peek()!
  const shares = columnScores(result).map(({ all }) => all.right / Math.max(1, all.of))
  const most = Math.max(...shares)
  const names = result.columns.filter((_, i) => shares[i] === most).map(({ label }) => label)
  return `Most right answers: ${names.join(', ')}.`
}
