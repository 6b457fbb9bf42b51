import { groupOf, type Item, splitQuestion, taught, wording } from '../../../store/examples.ts'
import { deleteItems } from '../../../store/examplesEdit.ts'
import { edited, pick, selected } from '../../../store/examplesView.ts'
import { openPanel } from '../../../store/panels.ts'
import { dragItems } from './dragging.ts'
import { Thumb } from './Thumb.tsx'

/** One picture and, below it, what it teaches. */
export function ExampleCard({ item }: { item: Item }) {
  const turns = taught(item, groupOf.value.get(item.group), wording.value)
  const [first] = turns
  const on = selected.value.has(item.id)
  const label = first ? `${item.name}: ${first.answer}` : `${item.name}: no answer yet`
  return (
    <li class={`example ${on ? 'is-selected' : ''}`} draggable onDragStart={(event) => dragItems(event, item.id)}>
      <button
        type="button"
        class="example-open"
        aria-label={`Edit ${label}`}
        aria-haspopup="dialog"
        title={item.name}
        onClick={() => {
          edited.value = item.id
          openPanel.value = 'example'
        }}
        onKeyDown={(event) => {
          if (event.key !== 'Delete' && event.key !== 'Backspace') return
          const card = event.currentTarget.closest('li')
          const next = card?.nextElementSibling ?? card?.previousElementSibling
          deleteItems(new Set([item.id]))
          next?.querySelector<HTMLElement>('.example-open')?.focus()
        }}
      >
        <Thumb picture={item.picture} />
        {item.turns.length > 0 && first && first.question !== '' && (
          <span class="example-question">{splitQuestion(first.question).text}</span>
        )}
        <span class={`example-answer ${first ? '' : 'is-missing'}`}>{first ? first.answer : 'No answer yet'}</span>
        {turns.length > 1 && <span class="example-more">and {turns.length - 1} more</span>}
      </button>
      <input
        type="checkbox"
        class="example-pick"
        aria-label={`Select ${label}`}
        checked={on}
        onClick={(event) => pick(item.id, event.currentTarget.checked, event.shiftKey)}
      />
    </li>
  )
}
