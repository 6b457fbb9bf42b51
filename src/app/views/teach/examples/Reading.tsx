import { useEffect, useRef } from 'preact/hooks'
import { addFiles } from '../../../store/examplesRead.ts'
import { type ReadReport, reading, report, stopReading } from '../../../store/examplesTake.ts'
import { announcement } from '../../../store/panels.ts'
import { Icon } from '../../Icon.tsx'

/** How far a reading has come, and its stop. */
export function ReadingBar() {
  if (!reading.value) return null
  const { done, total } = reading.value
  return (
    <div class="reading">
      <span>
        Reading pictures: {done.toLocaleString('en')} of {total.toLocaleString('en')}
      </span>
      <progress value={done} max={total} aria-label="Pictures read" />
      <button type="button" class="button" onClick={stopReading}>
        <Icon name="stop" />
        Stop
      </button>
    </div>
  )
}

/** A long list is no easier to read when it is whole; copying gives all of it. */
const MAX_LINES = 200

/** What of the last reading could not be used, line by line. */
export function ReadingReport() {
  const told = report.value
  useEffect(() => {
    if (told) announcement.value = title(told)
  }, [told])
  if (!told) return null
  const { problems } = told
  const copy = () => {
    const lines = problems.map(({ where, message }) => `${where}: ${message}`)
    void navigator.clipboard.writeText(lines.join('\n')).then(() => {
      announcement.value = 'Copied.'
    })
  }
  return (
    <section class={`report ${told.added === 0 ? 'is-bad' : ''}`} aria-labelledby="report-title">
      <header>
        <Icon name="warning" />
        <h3 id="report-title">{title(told)}</h3>
        <button type="button" class="icon-button small" aria-label="Copy the report" title="Copy" onClick={copy}>
          <Icon name="copy" />
        </button>
        <button
          type="button"
          class="icon-button small"
          aria-label="Close the report"
          title="Close"
          onClick={() => {
            report.value = undefined
          }}
        >
          <Icon name="close" />
        </button>
      </header>
      {told.missing.length > 0 && <MissingPictures told={told} />}
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: a list that scrolls must be reachable by keyboard */}
      <ul class="report-lines" tabIndex={0} aria-label="What could not be used">
        {problems.slice(0, MAX_LINES).map(({ where, message }, index) => (
          <li key={`${index} ${where}`}>
            <code>{where}</code> {message}
          </li>
        ))}
        {problems.length > MAX_LINES && <li>… and {(problems.length - MAX_LINES).toLocaleString('en')} more</li>}
      </ul>
    </section>
  )
}

function MissingPictures({ told }: { told: ReadReport }) {
  const input = useRef<HTMLInputElement>(null)
  const count = new Set(told.missing.flatMap(({ rows }) => rows.map(({ image }) => image))).size
  return (
    <p class="report-missing">
      <span>{count === 1 ? 'One picture is missing.' : `${count.toLocaleString('en')} pictures are missing.`}</span>
      <input
        ref={input}
        type="file"
        multiple
        hidden
        accept="image/*"
        aria-label="The missing pictures"
        onChange={({ currentTarget }) => {
          const files = [...(currentTarget.files ?? [])]
          void addFiles(files.map((file) => ({ path: file.name, file })))
        }}
      />
      <button type="button" class="button" onClick={() => input.current?.click()}>
        Choose {count === 1 ? 'it' : 'them'}
      </button>
      <span class="hint">or drop {count === 1 ? 'it' : 'them, or their folder,'} here</span>
    </p>
  )
}

function title({ source, added, problems }: ReadReport): string {
  const lost = problems.length.toLocaleString('en')
  const what = problems.length === 1 ? 'one problem' : `${lost} problems`
  return added > 0 ? `${source}: ${added.toLocaleString('en')} added, ${what}` : `${source}: nothing added, ${what}`
}
