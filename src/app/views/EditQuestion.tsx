import { useEffect, useRef } from 'preact/hooks'
import { editing } from '../store/conversation.ts'

const cancel = () => {
  editing.value = undefined
}

/** A question turned into a text box: Enter asks again from here, Esc leaves it as it was. */
export function EditQuestion({ text, onDone }: { text: string; onDone: (text: string) => void }) {
  const box = useRef<HTMLTextAreaElement>(null)
  useEffect(() => {
    box.current?.focus()
    box.current?.setSelectionRange(text.length, text.length)
  }, [text])
  const submit = () => onDone(box.current?.value ?? text)
  return (
    <form
      class="edit"
      onSubmit={(event) => {
        event.preventDefault()
        submit()
      }}
    >
      <textarea
        ref={box}
        aria-label="Edit the question"
        rows={2}
        defaultValue={text}
        onKeyDown={(event) => {
          if (event.key === 'Escape') {
            event.stopPropagation()
            cancel()
          } else if (event.key === 'Enter' && !event.shiftKey && !event.isComposing) {
            event.preventDefault()
            submit()
          }
        }}
      />
      <div class="edit-actions">
        <button type="button" class="button" onClick={cancel}>
          Cancel
        </button>
        <button type="submit" class="button is-primary">
          Ask again
        </button>
      </div>
    </form>
  )
}
