import type { Curves, Evaluation } from '../../store/runs.ts'

/** A line of a chart: one value per position, null where there is none. */
export type Line = (number | null)[]

/** An exponential moving average that counts from its first value; `amount` from 0 (as it is) towards 1 (flat). */
export function smoothed(values: readonly number[], amount: number): number[] {
  let sum = 0
  let weight = 0
  return values.map((value) => {
    sum = amount * sum + (1 - amount) * value
    weight = amount * weight + (1 - amount)
    return sum / weight
  })
}

/** Loss of each step, smoothed, and of the held-out examples, over steps from 0. */
export function lossLines({ loss }: Curves, evaluations: readonly Evaluation[], amount: number): [number[], ...Line[]] {
  const last = Math.max(loss.length, ...evaluations.map(({ step }) => step))
  const steps = Array.from({ length: last + 1 }, (_, step) => step)
  const heldOut = new Map(evaluations.filter(({ count }) => count > 0).map((one) => [one.step, one.loss]))
  const even = smoothed(loss, amount)
  return [
    steps,
    steps.map((step) => loss[step - 1] ?? null),
    steps.map((step) => even[step - 1] ?? null),
    steps.map((step) => heldOut.get(step) ?? null),
  ]
}

/** One value per step, over steps from 1. */
export function stepLine(values: readonly number[]): [number[], Line] {
  return [values.map((_, index) => index + 1), [...values]]
}

/** The smoothed losses of several runs over the steps of the longest. */
export function comparedLines(all: readonly Curves[], amount: number): [number[], ...Line[]] {
  const steps = Array.from({ length: Math.max(0, ...all.map(({ loss }) => loss.length)) }, (_, index) => index + 1)
  const lines = all.map(({ loss }) => smoothed(loss, amount))
  return [steps, ...lines.map((line) => steps.map((step) => line[step - 1] ?? null))]
}

export interface TableRow {
  step: number
  loss?: number
  heldOut?: number
  exact?: number
  learningRate?: number
  gradNorm?: number
}

/** The figures behind the charts: every check, and about `rows` steps between the first and the last. */
export function tableRows(
  { loss, learningRate, gradNorm }: Curves,
  evaluations: readonly Evaluation[],
  rows = 20,
): TableRow[] {
  const every = Math.max(1, Math.ceil(loss.length / rows))
  const steps = new Set([1, loss.length].filter((step) => step >= 1 && step <= loss.length))
  for (let step = every; step <= loss.length; step += every) steps.add(step)
  const checks = new Map(evaluations.map((one) => [one.step, one]))
  for (const step of checks.keys()) steps.add(step)
  return [...steps]
    .sort((a, b) => a - b)
    .map((step) => ({
      step,
      loss: loss[step - 1],
      heldOut: checks.get(step)?.loss,
      exact: checks.get(step)?.exact,
      learningRate: learningRate[step - 1],
      gradNorm: gradNorm[step - 1],
    }))
}

/** 0.0012, 0.34, 12.3 or 1e-5: as many digits as tell something. */
export function figure(value: number | null | undefined): string {
  if (value === null || value === undefined) return ''
  if (value === 0 || !Number.isFinite(value)) return String(value)
  const size = Math.abs(value)
  if (size < 1e-3 || size >= 1e5) return value.toExponential(1).replace(/\.0e/, 'e').replace('e+', 'e')
  return String(Number(value.toPrecision(3)))
}
