import { signal } from '@preact/signals'
import { formatBytes } from '../../format.ts'
import { projectorLabel } from '../../projectorLabels.ts'
import { candidates, pick, picked, work } from '../../store/lab.ts'
import { trainLike } from '../../store/labTrain.ts'
import { modelState } from '../../store/model.ts'
import { fetching } from '../../store/offered.ts'
import type { ProjectorChoice } from '../../store/projectors.ts'
import { Icon } from '../Icon.tsx'
import { ImportButton } from '../teach/ImportButton.tsx'

/** The projector of which one is to be trained. */
const liked = signal<string | undefined>(undefined)

/** Which projectors are compared. */
export function PickPanel() {
  const ready = modelState.value.kind === 'ready'
  return (
    <section class="panel pick" aria-labelledby="pick-title">
      <div class="section-head">
        <h2 id="pick-title">Projectors</h2>
        <ImportButton />
      </div>
      <p class="hint">
        Between the eyes and the language stands the projector: it makes the visual tokens of an image’s features. Pick
        two or more.
      </p>
      {ready && (
        <ul class="pick-list">
          {candidates.value.map((choice) => (
            <PickRow key={choice.id} choice={choice} />
          ))}
        </ul>
      )}
      {ready && candidates.value.length === 1 && (
        <p class="lab-empty">
          This model has only its own. <a href="#teach">Teach it another</a>, or load a file.
        </p>
      )}
    </section>
  )
}

function PickRow({ choice }: { choice: ProjectorChoice }) {
  const { id, label, name, description } = choice
  const coming = fetching.value?.name === name ? fetching.value : undefined
  const open = liked.value === id
  return (
    <li>
      <label class="pick-choice">
        <input
          type="checkbox"
          checked={picked.value.includes(choice)}
          disabled={work.value !== undefined}
          onChange={({ currentTarget }) => pick(id, currentTarget.checked)}
        />
        <span>
          <b>{label}</b>
          <span class="hint">{about(choice)}</span>
          {description && <span class="hint">{description}</span>}
        </span>
      </label>
      {coming && <progress aria-label={`Fetching ${label}`} max={1} value={coming.part} />}
      <button
        type="button"
        class="text-button"
        aria-expanded={open}
        aria-label={`Train one like ${label}`}
        onClick={() => {
          liked.value = open ? undefined : id
        }}
      >
        Train one like this
      </button>
      {open && (
        <div class="button-row like-buttons">
          <button type="button" class="button" onClick={() => void trainLike(id, 'fresh')}>
            <Icon name="plus" />
            Fresh, of its type and sizes
          </button>
          <button type="button" class="button" onClick={() => void trainLike(id, 'from')}>
            <Icon name="teach" />
            Go on from it
          </button>
        </div>
      )}
    </li>
  )
}

/** What came with the model says by itself what it is. */
function about({ type, visualTokens, bytes, description }: ProjectorChoice): string {
  const parts = [
    type && !description && projectorLabel(type),
    visualTokens && `${visualTokens} visual tokens`,
    bytes && formatBytes(bytes),
  ]
  return parts.filter(Boolean).join(' · ')
}
