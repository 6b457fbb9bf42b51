import { signal } from '@preact/signals'
import { useEffect } from 'preact/hooks'
import { formatBytes, formatCount, formatShare, plural } from '../../format.ts'
import { projectorLabel } from '../../projectorLabels.ts'
import { modelState } from '../../store/model.ts'
import {
  chatWith,
  inUse,
  offeredChoices,
  own,
  readOwn,
  removeProjector,
  renameProjector,
  saveProjector,
} from '../../store/projectors.ts'
import { type Run, runsHere, shown } from '../../store/runs.ts'
import { current } from '../../store/trainingState.ts'
import { Icon, type IconName } from '../Icon.tsx'
import { Compare } from './Compare.tsx'
import { figure } from './curves.ts'
import { ImportButton } from './ImportButton.tsx'

const compared = signal<ReadonlySet<string>>(new Set())
const renaming = signal<string | undefined>(undefined)

/** The model's own projector and all that it has learned: what answers, keep, compare. */
export function Runs() {
  const { kind } = modelState.value
  useEffect(() => {
    if (kind === 'ready') void readOwn()
  }, [kind])
  const kept = runsHere.value.filter(({ state }) => state !== 'running')
  const chosen = kept.filter(({ id }) => compared.value.has(id))
  return (
    <section class="panel runs" aria-labelledby="runs-title">
      <div class="section-head">
        <h2 id="runs-title">Projectors</h2>
        <ImportButton />
      </div>
      <p class="hint">What the chat answers with. Each training gives one; a file brings one from elsewhere.</p>
      <ul class="run-list">
        <li>
          <div class="run-name">
            <b>Base</b>
            <span class="hint">
              The model’s own
              {own.value && `: ${own.value.type}, ${formatCount(own.value.parameters)} parameters`}
            </span>
          </div>
          <UseButton name="base" active={inUse.value === undefined} />
          <RunAction icon="save" label="Save base as a file" onClick={() => void saveProjector(undefined)} />
        </li>
        {offeredChoices.value.map((choice) => (
          <li key={choice.id} class="is-offered">
            <div class="run-name">
              <b>{choice.label}</b>
              <span class="hint">
                Came with the model: {projectorLabel(choice.type ?? '')}, {formatBytes(choice.bytes ?? 0)}
              </span>
            </div>
            <UseButton name={choice.label} choice={choice} active={inUse.value === choice.id} />
          </li>
        ))}
        {kept.map((run) => (
          <RunRow key={run.id} run={run} comparable={kept.length > 1} />
        ))}
      </ul>
      {chosen.length > 1 && <Compare runs={chosen} />}
    </section>
  )
}

function RunRow({ run, comparable }: { run: Run; comparable: boolean }) {
  const { id, name, curves } = run
  const hasCurves = curves.loss.length > 0
  return (
    <li class={shown.value === id ? 'is-shown' : undefined}>
      {comparable && hasCurves && (
        <input
          type="checkbox"
          aria-label={`Compare ${name}`}
          title="Compare"
          checked={compared.value.has(id)}
          onChange={({ currentTarget: { checked } }) => {
            const rest = [...compared.value].filter((other) => other !== id)
            compared.value = new Set(checked ? [...rest, id] : rest)
          }}
        />
      )}
      {renaming.value === id ? (
        <Rename run={run} />
      ) : (
        <div class="run-name">
          {hasCurves ? (
            <button
              type="button"
              class="run-show"
              aria-pressed={shown.value === id}
              disabled={current.value !== undefined}
              title="Show its curves and answers"
              onClick={() => {
                shown.value = shown.value === id ? undefined : id
              }}
            >
              {name}
            </button>
          ) : (
            <b>{name}</b>
          )}
          <span class="hint">{summary(run)}</span>
        </div>
      )}
      <UseButton name={name} choice={run} active={inUse.value === id} />
      <RunAction icon="save" label={`Save ${name} as a file`} onClick={() => void saveProjector(run)} />
      <RunAction
        icon="edit"
        label={`Rename ${name}`}
        onClick={() => {
          renaming.value = id
        }}
      />
      <RunAction icon="trash" label={`Delete ${name}`} onClick={() => void removeProjector(run)} />
    </li>
  )
}

function summary({ state, curves, evaluations, createdAt, bytes = 0, provenance = {} }: Run): string {
  const when = new Date(createdAt).toLocaleString([], { dateStyle: 'medium', timeStyle: 'short' })
  const { steps, examples } = provenance
  const taught = steps && examples ? `: ${plural(Number(steps), 'step')} on ${plural(Number(examples), 'example')}` : ''
  if (state === 'imported') return `From a file${taught} · ${formatBytes(bytes)} · ${when}`
  const check = evaluations.at(-1)
  const right = check && check.count > 0 ? ` · ${formatShare(check.exact)} right` : ''
  const how = { stopped: ', stopped', diverged: ', broke down' }[state as 'stopped'] ?? ''
  return `${plural(curves.loss.length, 'step')}${how} · loss ${figure(curves.loss.at(-1))}${right} · ${when}`
}

function UseButton({ name, choice, active }: { name: string; choice?: Pick<Run, 'id' | 'name'>; active: boolean }) {
  return (
    <button
      type="button"
      class={active ? 'text-button in-use' : 'text-button'}
      aria-label={active ? `In use: ${name}` : `Use ${name} in the chat`}
      aria-pressed={active}
      disabled={modelState.value.kind !== 'ready'}
      onClick={() => !active && void chatWith(choice)}
    >
      {active && <Icon name="check" />}
      {active ? 'In use' : 'Use'}
    </button>
  )
}

function RunAction({ icon, label, onClick }: { icon: IconName; label: string; onClick: () => void }) {
  return (
    <button type="button" class="icon-button small" aria-label={label} title={label} onClick={onClick}>
      <Icon name={icon} />
    </button>
  )
}

function Rename({ run }: { run: Run }) {
  const done = (name: string) => {
    if (renaming.peek() !== run.id) return
    renaming.value = undefined
    void renameProjector(run, name)
  }
  const cancel = () => {
    renaming.value = undefined
  }
  return (
    <form
      class="run-name"
      onSubmit={(event) => {
        event.preventDefault()
        done(String(new FormData(event.currentTarget).get('name')))
      }}
    >
      <input
        class="number"
        name="name"
        aria-label={`New name of ${run.name}`}
        defaultValue={run.name}
        maxLength={60}
        ref={(input) => input?.select()}
        onBlur={({ currentTarget }) => done(currentTarget.value)}
        onKeyDown={({ key }) => key === 'Escape' && cancel()}
      />
    </form>
  )
}
