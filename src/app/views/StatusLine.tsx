import type { LoadProgress } from '../../api.ts'
import { formatBytes, formatLeft } from '../format.ts'
import { canCancel, cancelLoad, modelState } from '../store/model.ts'

/** One line of constant height under the question box: the progress of loading, else what the page promises. */
export function StatusLine() {
  const state = modelState.value
  if (state.kind !== 'loading') {
    return (
      <p class="status-line">
        {state.kind === 'ready' ? 'Runs on this device. Answers can be wrong.' : 'No model is loaded.'}
      </p>
    )
  }
  const { progress, choice } = state
  const { loadedBytes = 0, totalBytes = 0 } = progress ?? {}
  return (
    <div class="status-line">
      <progress
        aria-label={`Loading ${choice.label}`}
        max={1}
        value={totalBytes > 0 ? loadedBytes / totalBytes : undefined}
      />
      <span class="status-text">{progressText(choice.label, progress)}</span>
      {canCancel(choice) && (
        <button type="button" class="text-button" onClick={cancelLoad}>
          Cancel
        </button>
      )}
    </div>
  )
}

function progressText(label: string, progress?: LoadProgress): string {
  if (!progress || progress.stage === 'files') return `Opening ${label}…`
  if (progress.stage !== 'weights') return `Preparing the GPU for ${label}…`
  const left = progress.secondsLeft === undefined ? '' : `, ${formatLeft(progress.secondsLeft)}`
  return `Loading ${label}: ${formatBytes(progress.loadedBytes)} of ${formatBytes(progress.totalBytes)}${left}`
}
