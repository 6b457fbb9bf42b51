import { useRef, useState } from 'preact/hooks'
import { PageError } from '../../protocol.ts'
import { modelState } from '../../store/model.ts'
import { announcement } from '../../store/panels.ts'
import { importProjector } from '../../store/projectors.ts'
import { Icon } from '../Icon.tsx'

/** Brings in a projector's file; one that does not fit is refused with both shapes. */
export function ImportButton() {
  const input = useRef<HTMLInputElement>(null)
  const [problem, setProblem] = useState('')
  const load = async (file: File) => {
    setProblem('')
    try {
      await importProjector(file)
    } catch (error) {
      if (!(error instanceof PageError)) throw error
      setProblem(`${file.name}: ${error.message}`)
      announcement.value = error.message
    }
  }
  return (
    <>
      <input
        ref={input}
        type="file"
        accept=".safetensors"
        hidden
        aria-label="Projector file"
        onChange={({ currentTarget }) => {
          const file = currentTarget.files?.[0]
          currentTarget.value = ''
          if (file) void load(file)
        }}
      />
      <button
        type="button"
        class="button"
        disabled={modelState.value.kind !== 'ready'}
        onClick={() => input.current?.click()}
      >
        <Icon name="open" />
        Load a file
      </button>
      {problem && (
        <p class="answer-problem import-problem" role="alert">
          <Icon name="warning" />
          <span>{problem}</span>
        </p>
      )}
    </>
  )
}
