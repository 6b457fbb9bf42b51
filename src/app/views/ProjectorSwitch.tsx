import { busy } from '../store/conversation.ts'
import { fetching } from '../store/offered.ts'
import {
  chatWith,
  choiceOf,
  choices,
  inUse,
  offeredChoices,
  type ProjectorChoice,
  runChoices,
} from '../store/projectors.ts'

/** Which projector answers, where the model has any besides its own. */
export function ProjectorSwitch() {
  if (choices.value.length === 0) return null
  const coming = fetching.value
  return (
    <label class="projector-switch" title="Which projector answers">
      <select
        aria-label="Projector"
        value={inUse.value ?? ''}
        disabled={busy.value || coming !== undefined}
        onChange={({ currentTarget: { value } }) => void chatWith(choiceOf(value))}
      >
        <option value="">Base</option>
        <Options label="With the model" choices={offeredChoices.value} />
        <Options label="Yours" choices={runChoices.value} />
      </select>
      {coming && <progress aria-label={`Fetching ${coming.name}`} max={1} value={coming.part} />}
    </label>
  )
}

function Options({ label, choices }: { label: string; choices: ProjectorChoice[] }) {
  if (choices.length === 0) return null
  return (
    <optgroup label={label}>
      {choices.map((choice) => (
        <option key={choice.id} value={choice.id}>
          {choice.label}
        </option>
      ))}
    </optgroup>
  )
}
