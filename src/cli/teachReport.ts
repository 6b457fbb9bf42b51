import type { DataProblem, TeachEvent, TeachPlan, TeachResult } from '../index.ts'
import { table } from './table.ts'
import type { Terminal } from './terminal.ts'

type Step = Extract<TeachEvent, { type: 'step' }>
type Evaluation = Extract<TeachEvent, { type: 'evaluation' }>

/** Problems that are listed; the others are counted. */
const listed = 20

/** Lists what is wrong with the data on standard error. */
export function tellProblems(problems: readonly DataProblem[], { err }: Terminal): void {
  if (problems.length === 0) return
  const rows = problems.slice(0, listed).map(({ where, message }) => [where, message])
  const more = problems.length > listed ? `\n… and ${problems.length - listed} more` : ''
  err(
    `${counted(problems.length, 'problem')} in the data; the rest is used.\n${table(['where', 'what is wrong'], rows)}${more}\n`,
  )
}

/**
 * Tells the events of a training as they come: lines of JSON, or words and, where somebody watches, a line that is drawn over itself.
 * `unread` counts the problems that the data had before.
 */
export function showTraining(terminal: Terminal, json: boolean, unread: number): (event: TeachEvent) => void {
  let plan: TeachPlan | undefined
  const evaluations: Evaluation[] = []
  const draw = (text: string) => {
    if (terminal.watched) terminal.err(`\r\x1b[K${text}`)
  }
  const say = (text: string) => {
    draw('')
    terminal.out(`${text}\n`)
  }
  return (event) => {
    if (event.type === 'features')
      draw(`Looking at the images: ${event.done} of ${event.total}${left(event.secondsLeft)}`)
    else if (event.type === 'plan') {
      plan = event.plan
      draw('')
      tellProblems(plan.skipped, terminal)
      if (!json) say(planLine(plan))
    } else if (event.type === 'step') {
      if (json) say(JSON.stringify(stepReport(event)))
      else draw(stepLine(event, plan!.steps))
    } else if (event.type === 'evaluation') {
      evaluations.push(event)
      if (!json) say(evaluationLine(event))
    } else if (event.type === 'done') {
      draw('')
      if (json)
        say(JSON.stringify({ ...totals(event.result, plan!, evaluations), problems: unread + plan!.skipped.length }))
      else if (evaluations.at(-1)?.answers.length) say(answersTable(evaluations.at(-1)!))
    }
  }
}

const stepReport = ({ step, loss, gradNorm, learningRate, ms }: Step) => ({ step, loss, gradNorm, learningRate, ms })

function totals({ reason, step, steps, seconds, losses }: TeachResult, plan: TeachPlan, evaluations: Evaluation[]) {
  return {
    reason,
    steps: step,
    of: steps,
    seconds,
    loss: losses.at(-1),
    trainExamples: plan.trainExamples,
    evalExamples: plan.evalExamples,
    evaluations: evaluations.map(({ step, loss, exact, count }) => ({ step, loss, exact, count })),
    memory: plan.memory,
  }
}

const counted = (count: number, what: string) => `${count} ${what}${count === 1 ? '' : 's'}`
const megabytes = (bytes: number) => `${(bytes / 1e6).toFixed(1)} MB`

function planLine({ trainExamples, evalExamples, steps, firstStep, answerTokens, memory }: TeachPlan): string {
  const from = firstStep > 1 ? `, from step ${firstStep} on` : ''
  return `${counted(trainExamples, 'example')} to learn from (${counted(answerTokens, 'token')}), ${evalExamples} held out; ${counted(steps, 'step')}${from}; ${megabytes(memory.total)} on the GPU`
}

function stepLine({ step, loss, learningRate, examplesPerSecond, secondsLeft }: Step, steps: number): string {
  const rate = `rate ${learningRate.toExponential(1)}`
  return `step ${step} of ${steps}: loss ${loss.toFixed(4)}, ${rate}, ${examplesPerSecond.toFixed(1)} examples/s${left(secondsLeft)}`
}

function evaluationLine({ step, loss, exact, count }: Evaluation): string {
  return `after step ${step}: held-out loss ${loss.toFixed(4)}, ${(100 * exact).toFixed(1)} % of ${counted(count, 'answer')} exact`
}

function answersTable({ answers }: Evaluation): string {
  const short = (text: string) => text.replaceAll(/\s+/g, ' ').slice(0, 60)
  const rows = answers.map(({ question, expected, said }) => [short(question), short(expected), short(said)])
  return table(['held-out question', 'expected', 'said'], rows)
}

function left(seconds: number | undefined): string {
  if (seconds === undefined) return ''
  const whole = Math.ceil(seconds)
  if (whole < 60) return `, ${whole} s left`
  return whole < 3600 ? `, ${Math.ceil(whole / 60)} min left` : `, ${(whole / 3600).toFixed(1)} h left`
}
