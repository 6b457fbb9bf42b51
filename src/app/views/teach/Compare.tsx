import { useMemo } from 'preact/hooks'
import { formatMs, formatShare } from '../../format.ts'
import type { Run } from '../../store/runs.ts'
import { SmoothingRow, smoothing } from './Charts.tsx'
import { comparedLines, figure } from './curves.ts'
import { Plot, type Series } from './Plot.tsx'

const ways: Series['way'][] = ['line', 'dashed', 'dotted']

/** Runs side by side: their losses in one chart, settings and results in a table. */
export function Compare({ runs }: { runs: Run[] }) {
  const amount = smoothing.value
  const data = useMemo(
    () =>
      comparedLines(
        runs.map(({ curves }) => curves),
        amount,
      ),
    [runs, amount],
  )
  const series = runs.map(
    ({ name }, index): Series => ({ label: name, ink: `ink-run-${index % 4}`, way: ways[index % 3]! }),
  )
  return (
    <div class="compare">
      <h3>Compared</h3>
      <Plot
        title="Smoothed loss, by step"
        series={series}
        data={data}
        description={runs.map(({ name, curves }) => `${name} ends at ${figure(curves.loss.at(-1))}`).join(', ')}
      />
      <SmoothingRow />
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reachable by keyboard */}
      <section class="table-scroll" tabIndex={0} aria-label="Compared runs">
        <table class="figures-table">
          <thead>
            <tr>
              <td />
              {runs.map(({ id, name }) => (
                <th key={id} scope="col">
                  {name}
                </th>
              ))}
            </tr>
          </thead>
          <tbody>
            {rows.map(([label, value]) => (
              <tr key={label}>
                <th scope="row">{label}</th>
                {runs.map((run) => (
                  <td key={run.id}>{value(run)}</td>
                ))}
              </tr>
            ))}
          </tbody>
        </table>
      </section>
    </div>
  )
}

const startLabel = (start: Exclude<Run['settings'], undefined>['projector'] | undefined) =>
  typeof start === 'object' ? 'a file' : (start ?? '')

const rows: [string, (run: Run) => string][] = [
  ['Right before', ({ evaluations }) => share(evaluations[0])],
  ['Right at the end', ({ evaluations }) => share(evaluations.at(-1))],
  ['Last loss', ({ curves }) => figure(curves.loss.at(-1))],
  ['Last held-out loss', ({ evaluations }) => figure(evaluations.at(-1)?.loss)],
  ['Steps', ({ curves }) => String(curves.loss.length)],
  ['Time', ({ seconds }) => formatMs(seconds * 1000)],
  ['Examples', ({ counts }) => (counts ? `${counts.train} + ${counts.heldOut} held out` : '')],
  ['Started from', ({ settings }) => startLabel(settings?.projector)],
  ['Learning rate', ({ settings }) => `${figure(settings?.learningRate)}, ${settings?.schedule ?? ''}`],
  ['Batch', ({ settings }) => (settings ? `${settings.batchSize} × ${settings.accumulate}` : '')],
  ['Seed', ({ settings }) => String(settings?.seed ?? '')],
]

const share = (check: Run['evaluations'][number] | undefined) =>
  check && check.count > 0 ? formatShare(check.exact) : 'not checked'
