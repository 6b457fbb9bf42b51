import { signal } from '@preact/signals'
import { useEffect, useMemo, useState } from 'preact/hooks'
import { formatShare } from '../../format.ts'
import type { Run } from '../../store/runs.ts'
import { current, grown } from '../../store/trainingState.ts'
import { figure, lossLines, stepLine, tableRows } from './curves.ts'
import { Plot, type Series } from './Plot.tsx'
import '../../styles/teachCharts.css'

/** How much the loss is smoothed, from 0 to 0.98; one setting for all charts. */
export const smoothing = signal(0.8)
const logarithmic = signal(false)

const REDRAW_MS = 250

/** Counts up while the run grows, but only a few times a second: charts need no more. */
function useGrowth(run: Run): number {
  const [seen, setSeen] = useState(0)
  const live = current.value?.id === run.id
  useEffect(() => {
    if (!live) return
    const timer = setInterval(() => setSeen(grown.peek()), REDRAW_MS)
    return () => clearInterval(timer)
  }, [live])
  return live ? seen : -1
}

const lossSeries: Series[] = [
  { label: 'Each step', ink: 'ink-raw', way: 'thin' },
  { label: 'Smoothed', ink: 'ink-main', way: 'line' },
  { label: 'Held out', ink: 'ink-other', way: 'points' },
]
const rateSeries: Series[] = [{ label: 'now', ink: 'ink-main', way: 'line' }]
const normSeries: Series[] = [{ label: 'now', ink: 'ink-main', way: 'line' }]

/** Loss, learning rate and gradient norm of a run, as it goes. */
export function Charts({ run }: { run: Run }) {
  const growth = useGrowth(run)
  const { curves, evaluations } = run
  const amount = smoothing.value
  const loss = useMemo(() => lossLines(curves, evaluations, amount), [curves, evaluations, amount, growth])
  const [rate, norm] = useMemo(() => [stepLine(curves.learningRate), stepLine(curves.gradNorm)], [curves, growth])
  if (curves.loss.length === 0 && evaluations.length === 0) return null
  return (
    <section class="panel charts" aria-labelledby="charts-title">
      <h2 id="charts-title">Loss</h2>
      <Plot
        title="Cross-entropy per answer token, by step"
        series={lossSeries}
        data={loss}
        description={describe(run)}
        logarithmic={logarithmic.value}
      />
      <SmoothingRow />
      {rate[0].length > 0 && (
        <div class="small-plots">
          <Plot
            title="Learning rate"
            series={rateSeries}
            data={rate}
            height={110}
            description={`Learning rate, now ${figure(curves.learningRate.at(-1))}`}
          />
          <Plot
            title="Gradient norm"
            series={normSeries}
            data={norm}
            height={110}
            description={`Norm of the gradient, now ${figure(curves.gradNorm.at(-1))}`}
          />
        </div>
      )}
      <FiguresTable run={run} />
    </section>
  )
}

export function SmoothingRow() {
  return (
    <div class="smoothing-row">
      <label>
        Smoothing
        <input
          class="slider"
          type="range"
          min={0}
          max={0.98}
          step={0.02}
          value={smoothing.value}
          onInput={({ currentTarget }) => {
            smoothing.value = currentTarget.valueAsNumber
          }}
        />
      </label>
      <label class="check-field">
        <input
          type="checkbox"
          checked={logarithmic.value}
          onChange={({ currentTarget }) => {
            logarithmic.value = currentTarget.checked
          }}
        />
        <span>Logarithmic</span>
      </label>
    </div>
  )
}

function describe({ curves: { loss }, evaluations }: Run): string {
  const checks = evaluations.filter(({ count }) => count > 0)
  const heldOut =
    checks.length > 0 ? ` Held out: ${figure(checks[0]!.loss)} at first, now ${figure(checks.at(-1)!.loss)}.` : ''
  if (loss.length === 0) return `No step is done yet.${heldOut}`
  return `Loss by step: ${figure(loss[0])} at first, ${figure(loss.at(-1))} at step ${loss.length}.${heldOut}`
}

/** The same in figures, for those who want them or cannot see the lines. */
function FiguresTable({ run }: { run: Run }) {
  const [open, setOpen] = useState(false)
  return (
    <details class="advanced" onToggle={({ currentTarget }) => setOpen(currentTarget.open)}>
      <summary>Figures as a table</summary>
      {open && (
        // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reachable by keyboard
        <section class="table-scroll" tabIndex={0} aria-label="Figures of the run">
          <table class="figures-table">
            <thead>
              <tr>
                <th scope="col">Step</th>
                <th scope="col">Loss</th>
                <th scope="col">Held out</th>
                <th scope="col">Exact</th>
                <th scope="col">Rate</th>
                <th scope="col">Norm</th>
              </tr>
            </thead>
            <tbody>
              {tableRows(run.curves, run.evaluations).map(({ step, loss, heldOut, exact, learningRate, gradNorm }) => (
                <tr key={step}>
                  <th scope="row">{step}</th>
                  <td>{figure(loss)}</td>
                  <td>{figure(heldOut)}</td>
                  <td>{exact === undefined ? '' : formatShare(exact)}</td>
                  <td>{figure(learningRate)}</td>
                  <td>{figure(gradNorm)}</td>
                </tr>
              ))}
            </tbody>
          </table>
        </section>
      )}
    </details>
  )
}
