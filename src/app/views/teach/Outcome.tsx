import { formatMs, formatShare, plural } from '../../format.ts'
import { goTo } from '../../store/mode.ts'
import { modelState } from '../../store/model.ts'
import { showToast } from '../../store/panels.ts'
import { chatWith, inUse, saveProjector } from '../../store/projectors.ts'
import { type Run, runsHere } from '../../store/runs.ts'
import { Icon } from '../Icon.tsx'
import { useFocusLeft } from '../useFocusLeft.ts'
import { figure } from './curves.ts'

/** What a training has come to, and what can be done with it. */
export function Outcome({ id }: { id: string }) {
  const run = runsHere.value.find((one) => one.id === id)
  if (!run) return null
  const { name, state, curves, seconds, evaluations } = run
  const [before, now] = [evaluations[0], evaluations.at(-1)]
  const how = { finished: 'is done', stopped: 'was stopped', diverged: 'broke down' }[state as 'finished']
  return (
    <div class="outcome">
      <p>
        <Icon name={state === 'diverged' ? 'warning' : 'check'} />
        <span>
          <b>{name}</b> {how}: {plural(curves.loss.length, 'step')} in {formatMs(seconds * 1000)}. Loss{' '}
          {figure(curves.loss[0])} → {figure(curves.loss.at(-1))}
          {before && now && now.count > 0 && `, right answers ${formatShare(before.exact)} → ${formatShare(now.exact)}`}
          .
        </span>
      </p>
      <UseButtons run={run} />
    </div>
  )
}

function UseButtons({ run }: { run: Run }) {
  const { label } = modelState.value.choice
  const use = async () => {
    if (await chatWith(run)) showToast(`${label} answers with ${run.name} now.`)
  }
  const undo = async () => {
    if (await chatWith(undefined)) showToast(`${label} answers with its own projector again.`)
  }
  const first = useFocusLeft<HTMLButtonElement>()
  const used = inUse.value === run.id
  return (
    <div class="button-row">
      <button ref={first} type="button" class="button is-primary" onClick={() => (used ? goTo('chat') : void use())}>
        <Icon name="chat" />
        {used ? 'Try it in the chat' : 'Use in chat'}
      </button>
      {used && (
        <button type="button" class="button" onClick={() => void undo()}>
          <Icon name="again" />
          Undo: use base
        </button>
      )}
      <button type="button" class="button" onClick={() => void saveProjector(run)}>
        <Icon name="save" />
        Save as file
      </button>
    </div>
  )
}
