import { useEffect } from 'preact/hooks'
import { examples, groups, items } from '../../../store/examples.ts'
import { deleteAll, pictures } from '../../../store/examplesEdit.ts'
import { keepExamples } from '../../../store/examplesKept.ts'
import { openGroup } from '../../../store/examplesView.ts'
import { AddButtons } from './AddButtons.tsx'
import { BurstSheet } from './BurstSheet.tsx'
import { EmptyExamples } from './EmptyExamples.tsx'
import { ExampleSheet } from './ExampleSheet.tsx'
import { GroupHead } from './GroupHead.tsx'
import { Groups } from './Groups.tsx'
import { Pictures } from './Pictures.tsx'
import { ReadingBar, ReadingReport } from './Reading.tsx'
import '../../../styles/examples.css'
import '../../../styles/examplesGroups.css'
import '../../../styles/examplesPictures.css'
import '../../../styles/examplesSheets.css'

/** What the model is to learn: pictures, and what should be said about them. */
export function Examples() {
  useEffect(() => void keepExamples(), [])
  const empty = groups.value.length === 0
  return (
    <section class="panel examples" aria-labelledby="examples-title">
      <header class="examples-head">
        <h2 id="examples-title">Examples</h2>
        {!empty && <p class="hint">{summary()}</p>}
        {!empty && (
          <button type="button" class="text-button" onClick={deleteAll}>
            Remove all
          </button>
        )}
      </header>
      {!empty && <AddButtons />}
      <ReadingBar />
      <ReadingReport />
      {empty ? (
        <EmptyExamples />
      ) : (
        <>
          <Groups />
          {openGroup.value !== undefined && <GroupHead key={openGroup.value} id={openGroup.value} />}
          <Pictures />
        </>
      )}
      <ExampleSheet />
      <BurstSheet />
    </section>
  )
}

function summary(): string {
  const all = items.value.length
  const ready = examples.value.length
  return ready === all ? `${pictures(all)}, ready` : `${pictures(all)}, ${ready.toLocaleString('en')} ready`
}
