import { useEffect, useRef } from 'preact/hooks'
import { type Group, groupOf, itemsOf } from '../../../store/examples.ts'
import { changeWay, deleteGroup, renameGroup } from '../../../store/examplesEdit.ts'
import { nameless } from '../../../store/examplesView.ts'
import { Choice } from '../../Choice.tsx'
import { Icon } from '../../Icon.tsx'
import { WordingFields } from './WordingFields.tsx'

const WAYS = [
  { value: 'named', label: 'One name for all' },
  { value: 'asked', label: 'Questions for each' },
] satisfies { value: Group['way']; label: string }[]

/** What the pictures of the open group teach. */
export function GroupHead({ id }: { id: string }) {
  const group = groupOf.value.get(id)
  const box = useRef<HTMLInputElement>(null)
  const head = useRef<HTMLDivElement>(null)
  const wanted = nameless.value === id
  useEffect(() => {
    if (!wanted) return
    nameless.value = undefined
    box.current?.focus({ preventScroll: true })
  }, [wanted])
  useEffect(() => head.current?.scrollIntoView({ block: 'nearest' }), [])
  if (!group) return null
  const named = group.way === 'named'
  const filled = (itemsOf.value.get(id)?.length ?? 0) > 0
  return (
    <div ref={head} class="group-head">
      <div class="group-title">
        <label class="field">
          <span>{named ? 'This is called' : 'Name of the group'}</span>
          <input
            ref={box}
            value={group.name}
            autocomplete="off"
            placeholder={named ? 'for example: robin' : ''}
            onInput={({ currentTarget }) => renameGroup(id, currentTarget.value)}
          />
        </label>
        <button
          type="button"
          class="icon-button"
          aria-label={`Delete the group ${group.name}`}
          title="Delete the group"
          onClick={() => deleteGroup(id)}
        >
          <Icon name="trash" />
        </button>
      </div>
      <Choice
        name="way"
        legend="What its pictures teach"
        value={group.way}
        options={WAYS}
        onChange={(way) => changeWay(id, way)}
      />
      {named ? (
        <WordingFields name={group.name.trim()} />
      ) : (
        <p class="hint">
          {filled
            ? 'Open a picture to write its questions and answers.'
            : 'Add pictures, then open each to write its questions and answers.'}
        </p>
      )}
    </div>
  )
}
