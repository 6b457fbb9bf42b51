import { useEffect, useRef, useState } from 'preact/hooks'
import type { Exchange } from '../../../../teachApi.ts'
import { type Item, joinQuestion, splitQuestion } from '../../../store/examples.ts'
import { changeItem, newExchange } from '../../../store/examplesEdit.ts'
import { edited, neighbour } from '../../../store/examplesView.ts'
import { Icon } from '../../Icon.tsx'

let toAnswer = false

/** Questions and answers about one picture, in the order of a conversation; every change counts at once. */
export function TurnFields({ item }: { item: Item }) {
  const [blank] = useState(newExchange)
  const turns = item.turns.length > 0 ? item.turns : [blank]
  const box = useRef<HTMLDivElement>(null)
  useEffect(() => {
    if (toAnswer) box.current?.querySelector<HTMLElement>('[data-answer]')?.focus()
    toAnswer = false
  }, [])
  const put = (index: number, turn: Exchange) => changeItem(item.id, { turns: turns.with(index, turn) })
  return (
    <div ref={box} class="turns">
      {turns.map((turn, index) => (
        <TurnField
          key={index}
          turn={turn}
          number={index + 1}
          only={turns.length === 1}
          onChange={(changed) => put(index, changed)}
          onRemove={() => changeItem(item.id, { turns: turns.toSpliced(index, 1) })}
        />
      ))}
      <button
        type="button"
        class="button"
        onClick={() => changeItem(item.id, { turns: [...turns, { question: '', answer: '' }] })}
      >
        <Icon name="plus" />
        Another question
      </button>
    </div>
  )
}

/** Enter goes on to the answer of the next picture, so that many are told in a row; Shift+Enter is a new line. */
function goOn(event: KeyboardEvent): void {
  const next = neighbour(1)
  if (event.key !== 'Enter' || event.shiftKey || event.isComposing || !next) return
  event.preventDefault()
  toAnswer = true
  edited.value = next.id
}

function TurnField({
  turn,
  number,
  only,
  onChange,
  onRemove,
}: {
  turn: Exchange
  number: number
  only: boolean
  onChange: (turn: Exchange) => void
  onRemove: () => void
}) {
  const { text, short } = splitQuestion(turn.question)
  const which = only ? '' : ` ${number}`
  return (
    <fieldset class="turn-fields">
      <legend class="visually-hidden">Question and answer{which}</legend>
      <label class="field">
        <span>Question{which}</span>
        <textarea
          rows={2}
          dir="auto"
          value={text}
          placeholder="Empty for a caption"
          onInput={({ currentTarget }) => onChange({ ...turn, question: joinQuestion(currentTarget.value, short) })}
        />
      </label>
      <label class="field">
        <span>Answer{which}</span>
        <textarea
          rows={short ? 1 : 2}
          dir="auto"
          value={turn.answer}
          data-answer
          onKeyDown={goOn}
          onInput={({ currentTarget }) => onChange({ ...turn, answer: currentTarget.value })}
        />
      </label>
      <div class="turn-foot">
        <label class="check">
          <input
            type="checkbox"
            checked={short}
            onChange={({ currentTarget }) => onChange({ ...turn, question: joinQuestion(text, currentTarget.checked) })}
          />
          <span>Ask for a single word or phrase</span>
        </label>
        {!only && (
          <button type="button" class="icon-button small" aria-label={`Remove question ${number}`} onClick={onRemove}>
            <Icon name="trash" />
          </button>
        )}
      </div>
    </fieldset>
  )
}
