import { useEffect, useMemo } from 'preact/hooks'
import type { SampleAnswer } from '../../../teachApi.ts'
import { formatShare } from '../../format.ts'
import { splitQuestion } from '../../store/examples.ts'
import type { Evaluation, Run } from '../../store/runs.ts'
import { Icon } from '../Icon.tsx'

/** Held-out questions with the answer before training and the answer now, side by side. */
export function LivePanel({ run }: { run: Run }) {
  const { evaluations } = run
  const [before, now] = [evaluations[0], evaluations.at(-1)]
  if (!before || !now || now.count === 0) return null
  const first = new Map(before.answers.map((answer) => [keyOf(answer), answer]))
  return (
    <section class="panel live" aria-labelledby="live-title">
      <h2 id="live-title">Questions it was never shown</h2>
      <Score before={before} now={now.step > before.step ? now : undefined} />
      <ul class="live-answers">
        {now.answers.map((answer) => (
          <li key={keyOf(answer)}>
            <Held picture={run.shown[answer.example]} />
            <div>
              <p class="live-question">{splitQuestion(answer.question).text || 'Caption'}</p>
              <p class="live-expected">
                Expected: <b>{answer.expected}</b>
              </p>
              <div class="before-now">
                <Said label="Before" answer={first.get(keyOf(answer))} />
                <Said
                  label={now.step > before.step ? `Step ${now.step}` : 'Now'}
                  answer={now.step > before.step ? answer : undefined}
                />
              </div>
            </div>
          </li>
        ))}
      </ul>
    </section>
  )
}

/** Held-out answers that are right, before and now. */
function Score({ before, now }: { before: Evaluation; now?: Evaluation }) {
  return (
    <dl class="score">
      {(
        [
          ['Before', before],
          ['Now', now],
        ] as const
      ).map(([label, check]) => (
        <div key={label}>
          <dt>{label}</dt>
          <dd>{check ? <Share of={check} /> : 'not yet'}</dd>
        </div>
      ))}
    </dl>
  )
}

function Share({ of: { exact, count } }: { of: Evaluation }) {
  return (
    <>
      <b>{formatShare(exact)}</b> right, {Math.round(exact * count)} of {count}
    </>
  )
}

const keyOf = ({ example, question }: SampleAnswer) => `${example} ${question}`

function Said({ label, answer }: { label: string; answer?: SampleAnswer }) {
  if (!answer) {
    return (
      <div class="said">
        <span class="said-label">{label}</span>
        <p class="said-text is-waiting">not yet</p>
      </div>
    )
  }
  const right = answer.said.trim() === answer.expected.trim()
  return (
    <div class={`said ${right ? 'is-right' : 'is-wrong'}`}>
      <span class="said-label">
        {label}
        <span class="verdict">
          <Icon name={right ? 'check' : 'cross'} />
          {right ? 'right' : 'wrong'}
        </span>
      </span>
      <p class="said-text" dir="auto">
        {answer.said.trim() || '(nothing)'}
      </p>
    </div>
  )
}

function Held({ picture }: { picture?: Blob }) {
  const url = useMemo(() => (picture ? URL.createObjectURL(picture) : undefined), [picture])
  useEffect(() => () => void (url && URL.revokeObjectURL(url)), [url])
  return url ? <img src={url} alt="" decoding="async" /> : <span class="no-picture" />
}
