import { load, type Model } from '../index.ts'
import { type LoadFlags, loadOptions } from './options.ts'
import { showProgress } from './progress.ts'
import { fromSource } from './source.ts'
import type { Terminal } from './terminal.ts'

/** Loads the model of the flags, showing how far it is, for as long as `use` takes. */
export async function withModel<T>(
  flags: LoadFlags,
  terminal: Terminal,
  use: (model: Model) => Promise<T>,
): Promise<T> {
  const onProgress = showProgress(terminal)
  const options = { ...loadOptions(flags), onProgress, signal: terminal.signal }
  const model = await fromSource(flags, (source) => load(source, options)).finally(() =>
    onProgress({ stage: 'ready', item: '', loadedBytes: 0, totalBytes: 0 }),
  )
  try {
    return await use(model)
  } finally {
    model.dispose()
  }
}
