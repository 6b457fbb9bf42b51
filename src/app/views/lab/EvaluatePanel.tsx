import { useRef } from 'preact/hooks'
import { plural } from '../../format.ts'
import { hindrance, work } from '../../store/lab.ts'
import { evaluated, evaluateNow, questionCount } from '../../store/labEvaluate.ts'
import { chosenSet, ownSets, type QuestionSet, takeSet } from '../../store/labSets.ts'
import { Facts } from '../Facts.tsx'
import { Icon } from '../Icon.tsx'
import { Scores } from './Scores.tsx'
import { WorkBar } from './WorkBar.tsx'

const counts = [40, 120, Number.POSITIVE_INFINITY]

/** Many questions, all projectors. */
export function EvaluatePanel() {
  const set = ownSets.value.find(({ id }) => id === chosenSet.value)
  return (
    <section class="panel lab-evaluate" aria-labelledby="lab-evaluate-title">
      <h2 id="lab-evaluate-title">A set of questions</h2>
      <div class="evaluate-form">
        <SetField />
        <div class="field">
          <label for="lab-count">How many</label>
          <select
            id="lab-count"
            value={questionCount.value}
            onChange={({ currentTarget }) => {
              questionCount.value = Number(currentTarget.value)
            }}
          >
            {counts.map((count) => (
              <option key={count} value={count}>
                {count === Number.POSITIVE_INFINITY ? 'All' : `About ${count}`}
              </option>
            ))}
          </select>
        </div>
        <button
          type="button"
          class="button is-primary"
          disabled={hindrance.value !== '' || work.value !== undefined}
          aria-describedby="evaluate-why"
          onClick={() => void evaluateNow()}
        >
          <Icon name="lab" />
          Evaluate
        </button>
      </div>
      <p class="hint" id="evaluate-why">
        {hindrance.value ||
          'An answer is right when it is the expected one, but for case, outer spaces and a final period.'}
      </p>
      {set && <SetProblems set={set} />}
      <WorkBar kind="evaluate" />
      {evaluated.value && <Scores result={evaluated.value} />}
    </section>
  )
}

function SetField() {
  const input = useRef<HTMLInputElement>(null)
  return (
    <div class="field set-field">
      <label for="lab-set">Questions</label>
      <div class="field-row">
        <select
          id="lab-set"
          value={chosenSet.value}
          disabled={work.value !== undefined}
          onChange={({ currentTarget }) => {
            chosenSet.value = currentTarget.value
          }}
        >
          <option value="embedded">Scenes, which the embedded model was never taught</option>
          {ownSets.value.map(({ id, name, questions }) => (
            <option key={id} value={id}>
              {name}: {plural(questions.length, 'question')}
            </option>
          ))}
        </select>
        <input
          ref={input}
          type="file"
          multiple
          hidden
          accept="image/*,.json,.jsonl,.ndjson,.csv,.tsv"
          aria-label="Data file with its pictures"
          onChange={({ currentTarget }) => {
            const files = [...(currentTarget.files ?? [])]
            currentTarget.value = ''
            if (files.length > 0) void takeSet(files.map((file) => ({ path: file.name, file })))
          }}
        />
        <button
          type="button"
          class="button"
          title="A data file with its pictures; a folder may be dropped"
          onClick={() => input.current?.click()}
        >
          <Icon name="open" />
          Your own
        </button>
      </div>
    </div>
  )
}

function SetProblems({ set: { problems } }: { set: QuestionSet }) {
  if (problems.length === 0) return null
  return (
    <details class="advanced">
      <summary>{plural(problems.length, 'line')} of it cannot be asked</summary>
      <Facts rows={problems.slice(0, 100).map(({ where, message }) => [where, message])} />
    </details>
  )
}
