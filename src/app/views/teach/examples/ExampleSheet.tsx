import { groupOf, groups, type Item, items, taught, wording } from '../../../store/examples.ts'
import { addGroup, changeItem, deleteItems, duplicateItems, moveItems } from '../../../store/examplesEdit.ts'
import { edited, nameless, neighbour, show } from '../../../store/examplesView.ts'
import { announcement, openPanel } from '../../../store/panels.ts'
import { Icon } from '../../Icon.tsx'
import { Sheet } from '../../Sheet.tsx'
import { GroupSelect } from './GroupSelect.tsx'
import { Thumb } from './Thumb.tsx'
import { TurnFields } from './TurnFields.tsx'

const close = () => {
  openPanel.value = undefined
}

/** One example in full: its picture, what it teaches, its group; from here to the one before and after. */
export function ExampleSheet() {
  const item = items.value.find(({ id }) => id === edited.value)
  return (
    <Sheet name="example" title={item?.name ?? 'Example'}>
      {() => (item ? <Editor item={item} /> : <p class="hint">This picture was deleted.</p>)}
    </Sheet>
  )
}

function Editor({ item }: { item: Item }) {
  const remove = () => {
    const next = neighbour(1) ?? neighbour(-1)
    deleteItems(new Set([item.id]))
    if (next) edited.value = next.id
    else close()
  }
  const copy = () => {
    const [made] = duplicateItems(new Set([item.id]))
    edited.value = made?.id
  }
  const move = (to: string | undefined) => {
    const group = to ?? addGroup('', 'named').id
    moveItems(new Set([item.id]), group)
    if (to !== undefined) return
    close()
    show(group)
    nameless.value = group
  }
  return (
    <>
      <Thumb picture={item.picture} alt={item.name} class="editor-picture" />
      <Teaches key={item.id} item={item} />
      <div class="field">
        <span>Group</span>
        <GroupSelect label="Group" groups={groups.value} value={item.group} onChange={move} />
      </div>
      <div class="editor-actions">
        <StepButton step={-1} icon="back" label="Previous picture" />
        <button type="button" class="button" onClick={copy}>
          <Icon name="copy" />
          Duplicate
        </button>
        <button type="button" class="button" onClick={remove}>
          <Icon name="trash" />
          Delete
        </button>
        <StepButton step={1} icon="next" label="Next picture" />
      </div>
    </>
  )
}

function Teaches({ item }: { item: Item }) {
  const group = groupOf.value.get(item.group)
  const [said] = taught(item, group, wording.value)
  if (group?.way !== 'named') return <TurnFields item={item} />
  if (item.turns.length > 0) {
    return (
      <>
        <TurnFields item={item} />
        <button type="button" class="text-button editor-reset" onClick={() => changeItem(item.id, { turns: [] })}>
          Take the name of the group instead
        </button>
      </>
    )
  }
  return (
    <div class="editor-named">
      <p>{said ? <>This is called “{group.name}”.</> : 'Its group has no name yet.'}</p>
      <button
        type="button"
        class="text-button"
        onClick={() => changeItem(item.id, { turns: said ? [said] : [{ question: '', answer: '' }] })}
      >
        Write questions and answers for this picture
      </button>
    </div>
  )
}

function StepButton({ step, icon, label }: { step: 1 | -1; icon: 'back' | 'next'; label: string }) {
  const to = neighbour(step)
  return (
    <button
      type="button"
      class="icon-button"
      aria-label={label}
      title={label}
      disabled={!to}
      onClick={() => {
        if (!to) return
        edited.value = to.id
        announcement.value = to.name
      }}
    >
      <Icon name={icon} />
    </button>
  )
}
