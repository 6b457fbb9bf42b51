import type { LoadProgress } from '../index.ts'
import type { Terminal } from './terminal.ts'

const megabytes = (bytes: number) => `${(bytes / 1e6).toFixed(1)} MB`

const stages: Record<LoadProgress['stage'], string> = {
  files: 'Opening the model',
  weights: 'Loading weights',
  kernels: 'Compiling kernels',
  ready: 'Ready',
}

/** One line that says how far a load is. */
export function progressLine({ stage, loadedBytes, totalBytes, secondsLeft }: LoadProgress): string {
  if (stage === 'kernels' && totalBytes > 0) return `${stages.kernels}: ${loadedBytes} of ${totalBytes}`
  if (stage !== 'weights') return stages[stage]
  const left = secondsLeft === undefined ? '' : `, ${Math.ceil(secondsLeft)} s left`
  return `${stages.weights}: ${megabytes(loadedBytes)} of ${megabytes(totalBytes)}${left}`
}

/** Draws the progress over itself on standard error, at most ten times a second within a stage, and wipes it at the end; silent where nobody watches. */
export function showProgress({ err, watched }: Terminal): (progress: LoadProgress) => void {
  let drawn: { stage?: LoadProgress['stage']; at: number } = { at: 0 }
  return (progress) => {
    if (!watched) return
    if (progress.stage === 'ready') return err('\r\x1b[K')
    if (progress.stage === drawn.stage && performance.now() - drawn.at < 100) return
    drawn = { stage: progress.stage, at: performance.now() }
    err(`\r\x1b[K${progressLine(progress)}`)
  }
}
