import { signal } from '@preact/signals'
import { useState } from 'preact/hooks'
import { items } from '../../../store/examples.ts'
import { addGroup, moveItems } from '../../../store/examplesEdit.ts'
import { advice, type Balance, balance, nameless, openGroup, show } from '../../../store/examplesView.ts'
import { Icon } from '../../Icon.tsx'
import { draggedItems } from './dragging.ts'

const MANY = 24
const whole = signal(false)

/** The groups with their sizes side by side; one opens by a click, and takes what is dropped on it. */
export function Groups() {
  const all = balance.value
  const shown = whole.value ? all : all.slice(0, MANY)
  return (
    <>
      <ul class="groups" aria-label="Groups">
        <li>
          <button
            type="button"
            class="group"
            aria-current={openGroup.value === undefined ? 'true' : undefined}
            onClick={() => show(undefined)}
          >
            <span class="group-name">All examples</span>
            <span class="group-count">{items.value.length.toLocaleString('en')}</span>
          </button>
        </li>
        {shown.map((entry) => (
          <GroupTile key={entry.group.id} {...entry} />
        ))}
        <li>
          <button
            type="button"
            class="group is-new"
            onClick={() => {
              const { id } = addGroup('', 'named')
              show(id)
              nameless.value = id
            }}
          >
            <Icon name="plus" />
            New group
          </button>
        </li>
      </ul>
      {all.length > MANY && (
        <button
          type="button"
          class="text-button"
          onClick={() => {
            whole.value = !whole.value
          }}
        >
          {whole.value ? 'Show fewer groups' : `Show all ${all.length} groups`}
        </button>
      )}
      <Advice />
    </>
  )
}

function GroupTile({ group, count, share, few }: Balance) {
  const [under, setUnder] = useState(false)
  const named = group.name.trim() !== ''
  return (
    <li data-group={group.id}>
      <button
        type="button"
        class={`group ${few ? 'is-few' : ''} ${under ? 'is-under' : ''}`}
        aria-current={openGroup.value === group.id ? 'true' : undefined}
        onClick={() => show(group.id)}
        onDragOver={(event) => {
          setUnder(true)
          if (draggedItems(event)) event.preventDefault()
        }}
        onDragLeave={() => setUnder(false)}
        onDrop={(event) => {
          setUnder(false)
          const ids = draggedItems(event)
          if (!ids) return
          event.preventDefault()
          moveItems(ids, group.id)
        }}
      >
        <span class={`group-name ${named ? '' : 'is-missing'}`}>{named ? group.name : 'No name yet'}</span>
        <span class="group-count">
          {count.toLocaleString('en')}
          {few && <span class="visually-hidden">, far fewer than the others</span>}
        </span>
        <svg class="group-bar" viewBox="0 0 100 1" preserveAspectRatio="none" aria-hidden="true">
          <rect width={Math.max(share * 100, count > 0 ? 1.5 : 0)} height={1} />
        </svg>
      </button>
    </li>
  )
}

function Advice() {
  if (advice.value.length === 0) return null
  return (
    <ul class="advice" aria-label="Advice">
      {advice.value.map((text) => (
        <li key={text}>{text}</li>
      ))}
    </ul>
  )
}
