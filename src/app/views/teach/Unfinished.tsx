import { modelState } from '../../store/model.ts'
import { discard, goOn } from '../../store/training.ts'
import { unfinished } from '../../store/trainingState.ts'
import { Icon } from '../Icon.tsx'

/** Trainings that were broken off, and going on with them. */
export function Unfinished() {
  if (unfinished.value.length === 0) return null
  return (
    <ul class="unfinished" aria-label="Trainings that were broken off">
      {unfinished.value.map(({ id, name, savedStep, counts }) => (
        <li key={id}>
          <Icon name="again" />
          <p>
            <b>{name}</b> was broken off
            {savedStep === undefined ? ' before its first save.' : ` after step ${savedStep} of ${counts?.steps}.`}
          </p>
          <div class="button-row">
            <button
              type="button"
              class="button is-primary"
              disabled={modelState.value.kind !== 'ready'}
              onClick={() => void goOn(id)}
            >
              {savedStep === undefined ? 'Start it again' : `Go on from step ${savedStep}`}
            </button>
            <button type="button" class="button" onClick={() => void discard(id)}>
              Discard
            </button>
          </div>
        </li>
      ))}
    </ul>
  )
}
