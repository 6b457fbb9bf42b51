import { formatLeft } from '../../format.ts'
import { stopWork, type Work, work } from '../../store/lab.ts'
import { Icon } from '../Icon.tsx'

/** How far the Lab's work is, and its stop. */
export function WorkBar({ kind }: { kind: Work['kind'] }) {
  const now = work.value
  if (now?.kind !== kind) return null
  const { what, done, total, secondsLeft, stopping } = now
  const left = secondsLeft === undefined ? '' : ` · ${formatLeft(secondsLeft)}`
  return (
    <div class="work-bar">
      <div>
        <span>
          {what}
          {total > 0 && `: ${done.toLocaleString('en')} of ${total.toLocaleString('en')} answers${left}`}
        </span>
        <progress aria-label={what} max={1} value={total > 0 ? done / total : undefined} />
      </div>
      <button type="button" class="button" disabled={stopping} onClick={stopWork}>
        <Icon name="stop" />
        {stopping ? 'Stopping…' : 'Stop'}
      </button>
    </div>
  )
}
