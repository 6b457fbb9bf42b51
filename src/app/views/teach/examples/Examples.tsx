import type { RefObject } from 'preact'
import { useEffect, useRef } from 'preact/hooks'
import { examples, groups, items } from '../../../store/examples.ts'
import { deleteAll, howMany } from '../../../store/examplesEdit.ts'
import { keepExamples } from '../../../store/examplesKept.ts'
import { reading } from '../../../store/examplesTake.ts'
import { undoLast } from '../../../store/examplesUndo.ts'
import { openGroup, selected } from '../../../store/examplesView.ts'
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
  useEffect(() => {
    void keepExamples()
    addEventListener('keydown', undoByKey)
    return () => removeEventListener('keydown', undoByKey)
  }, [])
  const empty = groups.value.length === 0
  const heading = useFocusWhenLost(empty, reading.value === undefined, openGroup.value, selected.value.size === 0)
  return (
    <section class="panel examples" aria-labelledby="examples-title">
      <header class="examples-head">
        <h2 id="examples-title" ref={heading} tabIndex={-1}>
          Examples
        </h2>
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

/** An element that takes the keyboard's place when the control that had it is gone after one of these changes. */
function useFocusWhenLost(...changes: unknown[]): RefObject<HTMLHeadingElement | null> {
  const element = useRef<HTMLHeadingElement>(null)
  const first = useRef(true)
  useEffect(() => {
    if (!first.current && document.activeElement === document.body) element.current?.focus({ preventScroll: true })
    first.current = false
  }, changes)
  return element
}

/** Ctrl+Z outside of text fields, whose own undo it is there. */
function undoByKey(event: KeyboardEvent): void {
  const typing =
    event.target instanceof Element && event.target.matches('input:not([type=checkbox], [type=radio]), textarea')
  if (event.key !== 'z' || !(event.ctrlKey || event.metaKey) || event.shiftKey || typing) return
  if (undoLast()) event.preventDefault()
}

function summary(): string {
  const all = items.value.length
  const ready = examples.value.length
  return ready === all ? `${howMany(all)}, ready` : `${howMany(all)}, ${ready.toLocaleString('en')} ready`
}
