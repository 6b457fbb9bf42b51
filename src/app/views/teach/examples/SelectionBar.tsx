import { groups } from '../../../store/examples.ts'
import { addGroup, deleteItems, duplicateItems, howMany, moveItems } from '../../../store/examplesEdit.ts'
import { found, nameless, selected, selectFound, show } from '../../../store/examplesView.ts'
import { Icon } from '../../Icon.tsx'
import { GroupSelect } from './GroupSelect.tsx'

/** What can be done with the selected pictures. */
export function SelectionBar() {
  const ids = selected.value
  if (ids.size === 0) return null
  const move = (to: string | undefined) => {
    const group = to ?? addGroup('', 'named').id
    moveItems(ids, group)
    selectFound(false)
    if (to !== undefined) return
    show(group)
    nameless.value = group
  }
  return (
    <section class="selection" aria-label="Selection">
      <button type="button" class="icon-button small" aria-label="Select none" onClick={() => selectFound(false)}>
        <Icon name="close" />
      </button>
      <strong>{howMany(ids.size)}</strong>
      {ids.size < found.value.length && (
        <button type="button" class="text-button" onClick={() => selectFound(true)}>
          Select all {found.value.length.toLocaleString('en')}
        </button>
      )}
      <GroupSelect label="Move to" groups={groups.value} onChange={move} />
      <button
        type="button"
        class="icon-button"
        aria-label="Duplicate the selected"
        title="Duplicate"
        onClick={() => selectCopies(ids)}
      >
        <Icon name="copy" />
      </button>
      <button
        type="button"
        class="icon-button"
        aria-label="Delete the selected"
        title="Delete"
        onClick={() => deleteItems(ids)}
      >
        <Icon name="trash" />
      </button>
    </section>
  )
}

function selectCopies(ids: ReadonlySet<string>): void {
  selected.value = new Set(duplicateItems(ids).map(({ id }) => id))
}
