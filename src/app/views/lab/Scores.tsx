import type { Score } from '../../../evaluationApi.ts'
import { formatShare, plural } from '../../format.ts'
import { columnScores, type Evaluated } from '../../store/labEvaluate.ts'
import { exportEvaluated } from '../../store/labExport.ts'
import { Icon } from '../Icon.tsx'
import { Bar, ExportButtons, Where } from './parts.tsx'

/** Right answers per kind of question and projector. */
export function Scores({ result }: { result: Evaluated }) {
  const { columns, questions, answers, set, of, state, problem, seconds } = result
  const scored = columnScores(result)
  const kinds = [...new Set(questions.map(({ kind }) => kind))].sort()
  const rows: [string, (Score | undefined)[]][] = [
    ['All', scored.map(({ all }) => all)],
    ...kinds.map((kind): [string, (Score | undefined)[]] => [kind, scored.map((score) => score.kinds[kind])]),
  ]
  return (
    <div class="lab-result" aria-busy={state === 'running'}>
      <div class="asked">
        <div>
          <h3>
            {set}: {questions.length < of ? `${questions.length} of ${of} questions` : plural(of, 'question')}
          </h3>
          <Where bench={result} />
        </div>
        {answers.length > 0 && <ExportButtons what="scores" onExport={(format) => exportEvaluated(result, format)} />}
      </div>
      {problem && (
        <p class="answer-note" role="alert">
          <Icon name="warning" /> {problem} {answers.length > 0 && 'These are the answers until then.'}
        </p>
      )}
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reachable by keyboard */}
      <section class="table-scroll" tabIndex={0} aria-label="Right answers">
        <table class="figures-table score-table" style={{ '--columns': columns.length }}>
          <thead>
            <tr>
              <td />
              {columns.map(({ id, label, visualTokens }) => (
                <th key={id} scope="col">
                  {label}
                  {visualTokens !== undefined && <span class="hint">{visualTokens} tokens</span>}
                </th>
              ))}
            </tr>
          </thead>
          <tbody>
            {rows.map(([kind, cells]) => (
              <tr key={kind}>
                <th scope="row">{kind}</th>
                {cells.map((score, i) => (
                  <td key={columns[i]!.id} class={isBest(score, cells) ? 'is-best' : undefined}>
                    <ScoreCell score={score} />
                  </td>
                ))}
              </tr>
            ))}
          </tbody>
        </table>
      </section>
      {state === 'done' && (
        <p class="hint">
          {plural(answers.length, 'answer')} in {Math.round(seconds)} s.
        </p>
      )}
    </div>
  )
}

const shareOf = (score: Score | undefined) => (score && score.of > 0 ? score.right / score.of : undefined)

/** Better than some other and worse than none. */
function isBest(score: Score | undefined, all: (Score | undefined)[]): boolean {
  const shares = all.flatMap((one) => shareOf(one) ?? [])
  const own = shareOf(score)
  return own !== undefined && own === Math.max(...shares) && own > Math.min(...shares)
}

function ScoreCell({ score }: { score?: Score }) {
  const share = shareOf(score)
  if (!score || share === undefined) return <span class="hint">–</span>
  return (
    <>
      <b>{formatShare(share)}</b>
      <span class="hint">
        {score.right} of {score.of}
      </span>
      <Bar share={share} />
    </>
  )
}
