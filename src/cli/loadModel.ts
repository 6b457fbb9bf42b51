import { load, type Model } from '../index.ts'
import { type LoadFlags, loadOptions, modelSource } from './options.ts'
import { showProgress } from './progress.ts'
import type { Terminal } from './terminal.ts'

/** Loads the model of the flags, showing how far it is, for as long as `use` takes. */
export async function withModel<T>(
  flags: LoadFlags,
  terminal: Terminal,
  use: (model: Model) => Promise<T>,
): Promise<T> {
  const onProgress = showProgress(terminal)
  const model = await load(modelSource(flags), { ...loadOptions(flags), onProgress, signal: terminal.signal }).finally(
    () => onProgress({ stage: 'ready', item: '', loadedBytes: 0, totalBytes: 0 }),
  )
  try {
    return await use(model)
  } finally {
    model.dispose()
  }
}
