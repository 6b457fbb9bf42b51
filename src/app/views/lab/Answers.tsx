import { useEffect, useMemo } from 'preact/hooks'
import type { Comparison } from '../../../evaluationApi.ts'
import { formatBytes, formatMs, formatRate } from '../../format.ts'
import { projectorLabel } from '../../projectorLabels.ts'
import type { Column } from '../../store/lab.ts'
import type { Compared } from '../../store/labCompare.ts'
import { exportCompared } from '../../store/labExport.ts'
import { Icon } from '../Icon.tsx'
import { Bar, ExportButtons, Where } from './parts.tsx'

/** What each projector answered to one question, side by side. */
export function Answers({ result }: { result: Compared }) {
  const { columns, answers, problem, question, picture } = result
  const most = (of: (answer: Comparison) => number) => Math.max(...answers.map(of))
  const scale = {
    visualTokens: most((one) => one.visualTokens),
    encode: most((one) => one.encodeMs),
    firstToken: most((one) => one.firstTokenMs),
    rate: most((one) => one.tokensPerSecond),
    projector: most((one) => one.projectorBytes),
    cache: most((one) => one.visualTokenBytes),
  }
  return (
    <div class="lab-result">
      <div class="asked">
        <Asked blob={picture.blob} name={picture.name} />
        <div>
          <h3>{question}</h3>
          <Where bench={result} />
        </div>
        {answers.length > 0 && <ExportButtons what="answers" onExport={(format) => exportCompared(result, format)} />}
      </div>
      {problem && (
        <p class="answer-problem" role="alert">
          <Icon name="warning" />
          <span>{problem}</span>
        </p>
      )}
      <ul class="answer-cards" aria-label="Answers">
        {columns.map((column) => (
          <li key={column.id}>
            <AnswerCard
              column={column}
              answer={answers.find(({ projector }) => projector === column.name)}
              scale={scale}
              ended={problem !== undefined}
            />
          </li>
        ))}
      </ul>
    </div>
  )
}

type Scale = Record<'visualTokens' | 'encode' | 'firstToken' | 'rate' | 'projector' | 'cache', number>

function AnswerCard({
  column,
  answer,
  scale,
  ended,
}: {
  column: Column
  answer?: Comparison
  scale: Scale
  ended: boolean
}) {
  const rows: [string, string, number][] = answer
    ? [
        ['Visual tokens', String(answer.visualTokens), answer.visualTokens / scale.visualTokens],
        ['Encode', formatMs(answer.encodeMs), answer.encodeMs / scale.encode],
        ['First token', formatMs(answer.firstTokenMs), answer.firstTokenMs / scale.firstToken],
        ['Tokens/s', formatRate(answer.tokensPerSecond), answer.tokensPerSecond / scale.rate],
        ['Projector', formatBytes(answer.projectorBytes), answer.projectorBytes / scale.projector],
        ['Their KV cache', formatBytes(answer.visualTokenBytes), answer.visualTokenBytes / scale.cache],
      ]
    : []
  return (
    <article class="answer-card" aria-label={column.label}>
      <h4>{column.label}</h4>
      <p class="hint">{projectorLabel(answer?.type ?? column.type ?? '')}</p>
      <p class={`card-answer ${answer ? '' : 'is-waiting'}`} dir="auto">
        {answer ? answer.text || '(nothing)' : ended ? 'not asked' : '…'}
      </p>
      <dl class="bar-facts">
        {rows.map(([name, value, share]) => (
          <div key={name}>
            <dt>{name}</dt>
            <dd>{value}</dd>
            <Bar share={share} />
          </div>
        ))}
      </dl>
    </article>
  )
}

function Asked({ blob, name }: { blob: Blob; name: string }) {
  const url = useMemo(() => URL.createObjectURL(blob), [blob])
  useEffect(() => () => URL.revokeObjectURL(url), [url])
  return <img src={url} alt={name} decoding="async" />
}
