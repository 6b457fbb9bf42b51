import { ask, busy, draft, turns } from '../store/conversation.ts'
import { modelState } from '../store/model.ts'
import { attached } from '../store/pictures.ts'

const general = ['Describe the image.', 'How many things are there?', 'What does the text say?']

/** Example questions: the sample's own, general ones for any other picture. Out of sight they keep their place, so that nothing jumps. */
export function Suggestions() {
  const pictures = attached.value.length > 0 ? attached.value : (turns.value.at(-1)?.pictures ?? [])
  if (pictures.length === 0 || modelState.value.kind === 'failed') return null
  const asked = new Set(turns.value.map((turn) => turn.text))
  const own = pictures.flatMap((picture) => picture.questions)
  const questions = [...new Set(own.length > 0 ? own : general)].filter((question) => !asked.has(question)).slice(0, 4)
  if (questions.length === 0) return null
  return (
    <ul class={`suggestions ${draft.value !== '' || busy.value ? 'is-away' : ''}`} aria-label="Example questions">
      {questions.map((question) => (
        <li key={question}>
          <button type="button" class="suggestion" onClick={() => ask(question)}>
            {question}
          </button>
        </li>
      ))}
    </ul>
  )
}
