import { useRef } from 'preact/hooks'
import { busy } from '../../store/conversation.ts'
import { hindrance, question, shownPicture, showPicture, showSample, work } from '../../store/lab.ts'
import { compared, compareNow } from '../../store/labCompare.ts'
import { makePicture, samples, sampleUrl } from '../../store/pictures.ts'
import { current } from '../../store/trainingState.ts'
import { Icon } from '../Icon.tsx'
import { Answers } from './Answers.tsx'
import { WorkBar } from './WorkBar.tsx'

/** One image, one question, all projectors. */
export function QuestionPanel() {
  const picture = shownPicture.value
  const why =
    hindrance.value || (picture ? '' : 'Choose an image.') || (question.value.trim() ? '' : 'Write a question.')
  return (
    <section class="panel lab-question" aria-labelledby="lab-question-title">
      <h2 id="lab-question-title">One question</h2>
      <form
        class="ask-all"
        onSubmit={(event) => {
          event.preventDefault()
          void compareNow()
        }}
      >
        <PictureChoice />
        <div class="field ask-field">
          <label for="lab-question">Question</label>
          <input
            id="lab-question"
            list="lab-questions"
            value={question.value}
            onInput={({ currentTarget }) => {
              question.value = currentTarget.value
            }}
          />
          <datalist id="lab-questions">
            {picture?.questions.map((text) => (
              <option key={text} value={text} />
            ))}
          </datalist>
        </div>
        <button
          type="submit"
          class="button is-primary"
          disabled={why !== '' || work.value !== undefined}
          aria-describedby="compare-why"
        >
          <Icon name="lab" />
          Compare
        </button>
      </form>
      <p class="hint" id="compare-why">
        {why ||
          'Each answers once to compile its kernels, then three times for the clock, with nothing reused. Medians are shown.'}
      </p>
      {busy.value && <p class="hint">The chat’s answer comes first.</p>}
      {current.value && <p class="hint">A training goes on beside it: times are longer than they would be alone.</p>}
      <WorkBar kind="compare" />
      {compared.value && <Answers result={compared.value} />}
    </section>
  )
}

function PictureChoice() {
  const input = useRef<HTMLInputElement>(null)
  const picture = shownPicture.value
  return (
    <div class="picture-choice">
      {picture ? (
        <img class="lab-picture" src={picture.url} alt={picture.alt} decoding="async" />
      ) : (
        <div class="lab-picture is-missing" aria-hidden="true">
          <Icon name="image" />
        </div>
      )}
      <div>
        <input
          ref={input}
          type="file"
          accept="image/*"
          hidden
          aria-label="Image to ask about"
          onChange={({ currentTarget }) => {
            const file = currentTarget.files?.[0]
            currentTarget.value = ''
            if (file) showPicture(makePicture(file))
          }}
        />
        <button type="button" class="button" onClick={() => input.current?.click()}>
          <Icon name="image" />
          {picture ? 'Another image' : 'Choose an image'}
        </button>
        <ul class="lab-samples" aria-label="Sample images">
          {samples.value.map((sample) => (
            <li key={sample.file}>
              <button type="button" aria-label={`Ask about: ${sample.alt}`} onClick={() => void showSample(sample)}>
                <img src={sampleUrl(sample)} alt="" width={40} height={40} decoding="async" />
              </button>
            </li>
          ))}
        </ul>
      </div>
    </div>
  )
}
