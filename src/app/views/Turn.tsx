import { busy, edit, editing, type Turn } from '../store/conversation.ts'
import { openPanel } from '../store/panels.ts'
import { enlarged, type Picture } from '../store/pictures.ts'
import { AnswerView } from './Answer.tsx'
import { EditQuestion } from './EditQuestion.tsx'
import { Icon } from './Icon.tsx'

function enlarge(picture: Picture): void {
  enlarged.value = picture
  openPanel.value = 'picture'
}

export function TurnView({ turn, number }: { turn: Turn; number: number }) {
  return (
    <article class="turn" aria-label={`Question ${number}`}>
      <div class="question">
        <h2 class="visually-hidden">You asked</h2>
        {turn.pictures.length > 0 && (
          <ul class="pictures" aria-label="Images of this question">
            {turn.pictures.map((picture) => (
              <li key={picture.id}>
                <button type="button" class="picture" onClick={() => enlarge(picture)}>
                  <img src={picture.url} alt={`${picture.alt}, enlarge`} decoding="async" />
                </button>
              </li>
            ))}
          </ul>
        )}
        {editing.value === turn.id ? (
          <EditQuestion text={turn.text} onDone={(text) => edit(turn.id, text)} />
        ) : (
          <Question turn={turn} />
        )}
      </div>
      <AnswerView turn={turn} />
    </article>
  )
}

function Question({ turn }: { turn: Turn }) {
  return (
    <div class="bubble-row">
      <button
        type="button"
        class="icon-button small"
        aria-label="Edit question"
        title="Edit and ask again"
        disabled={busy.value}
        onClick={() => {
          editing.value = turn.id
        }}
      >
        <Icon name="edit" />
      </button>
      <p class="bubble" dir="auto">
        {turn.text || 'Describe the image.'}
      </p>
    </div>
  )
}
