import { defaultWording, ownWording, type Wording, wording } from '../../../store/examples.ts'

/** How named pictures are asked about, the same for all groups: a sentence that shows it, and the fields that change it. */
export function WordingFields({ name }: { name: string }) {
  const { question, answer, short } = wording.value
  const changed = Object.values(ownWording.value).some((value) => value !== null)
  const change = (part: Partial<Wording>) => {
    ownWording.value = { ...ownWording.peek(), ...part }
  }
  const shown = name || '…'
  return (
    <details class="advanced wording">
      <summary>
        Asked “{question.replaceAll('{name}', shown)}”, it learns to say “{answer.replaceAll('{name}', shown)}”.
      </summary>
      <p class="hint">For all groups with a name. {'{name}'} stands for the name.</p>
      <label class="field">
        <span>Question</span>
        <input value={question} onInput={({ currentTarget }) => change({ question: currentTarget.value })} />
      </label>
      <label class="field">
        <span>Answer</span>
        <input
          value={answer}
          aria-invalid={!answer.includes('{name}')}
          aria-describedby="wording-problem"
          onInput={({ currentTarget }) => change({ answer: currentTarget.value })}
        />
      </label>
      <p class="field-problem" id="wording-problem" role="status">
        {answer.includes('{name}') ? '' : 'Without {name} every group is taught the same answer.'}
      </p>
      <label class="check">
        <input
          type="checkbox"
          checked={short}
          onChange={({ currentTarget }) => change({ short: currentTarget.checked })}
        />
        <span>Ask for a single word or phrase{defaultWording.value.short ? ', as this model is used to' : ''}</span>
      </label>
      {changed && (
        <button
          type="button"
          class="text-button"
          onClick={() => {
            ownWording.value = { question: null, answer: null, short: null }
          }}
        >
          Back to the default
        </button>
      )}
    </details>
  )
}
