import { busy } from '../store/conversation.ts'
import { chatWith, choices, inUse } from '../store/projectors.ts'

/** Which projector answers, where the model has learned any besides its own. */
export function ProjectorSwitch() {
  if (choices.value.length === 0) return null
  return (
    <label class="projector-switch" title="Which projector answers">
      <select
        aria-label="Projector"
        value={inUse.value ?? ''}
        disabled={busy.value}
        onChange={({ currentTarget }) => void chatWith(choices.peek().find(({ id }) => id === currentTarget.value))}
      >
        <option value="">Base</option>
        {choices.value.map(({ id, name }) => (
          <option key={id} value={id}>
            {name}
          </option>
        ))}
      </select>
    </label>
  )
}
