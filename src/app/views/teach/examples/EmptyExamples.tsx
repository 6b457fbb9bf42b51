import { useEffect } from 'preact/hooks'
import { addSampleSet, findSampleSet, sampleSet } from '../../../store/examplesSample.ts'
import { reading } from '../../../store/examplesTake.ts'
import { AddButtons } from './AddButtons.tsx'

/** Before the first example: the sample set, or one's own pictures. */
export function EmptyExamples() {
  useEffect(() => void findSampleSet(), [])
  return (
    <div class="examples-empty">
      <p>Give the model some pictures and what it should say about them. Then press Train.</p>
      {sampleSet.value && <SampleOffer />}
      <div class="offer">
        <h3>Add your own</h3>
        <p class="hint">
          Five pictures of a thing and its name are a start. A folder of folders becomes one group per folder; data
          files (LLaVA JSON, JSONL, CSV) come together with their pictures.
        </p>
        <AddButtons />
      </div>
    </div>
  )
}

function SampleOffer() {
  const { count, pictures } = sampleSet.value!
  return (
    <div class="offer is-sample">
      <h3>Try the sample set</h3>
      <ul class="offer-pictures" aria-hidden="true">
        {pictures.map((url) => (
          <li key={url}>
            <img src={url} alt="" width={96} height={96} decoding="async" />
          </li>
        ))}
      </ul>
      <p class="hint">
        {count.toLocaleString('en')} small scenes in the style of Twemoji, which the model has not seen before. Teach it
        to name what is in them.
      </p>
      <button
        type="button"
        class="button is-primary"
        disabled={reading.value !== undefined}
        onClick={() => void addSampleSet()}
      >
        Load the sample set
      </button>
    </div>
  )
}
