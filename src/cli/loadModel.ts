import { readFile } from 'node:fs/promises'
import { BeagleError, load, type Model } from '../index.ts'
import { type LoadFlags, loadOptions, type ProjectorFlags } from './options.ts'
import { showProgress } from './progress.ts'
import { whyUnread } from './question.ts'
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

/**
 * As `withModel`; the model answers with the projector that the flags name, if they do: a file, else one that lies beside the model.
 * Every error of a file names it.
 */
export async function withProjector<T>(
  flags: LoadFlags & ProjectorFlags,
  terminal: Terminal,
  use: (model: Model) => Promise<T>,
): Promise<T> {
  const named = flags.projector
  if (named === undefined) return withModel(flags, terminal, use)
  const file = await readFile(named).catch((cause: NodeJS.ErrnoException) => {
    if (cause.code === 'ENOENT' && isName(named)) return undefined
    throw new BeagleError(cause.code === 'ENOENT' ? 'not-found' : 'bad-file', whyUnread('projector', named, cause), {
      cause,
    })
  })
  return withModel(flags, terminal, async (model) => {
    if (file) await addFile(model, named, file)
    else await fetchNamed(model, named, terminal.signal)
    model.useProjector(named)
    return use(model)
  })
}

const isName = (text: string) => !/[/\\]|\.safetensors$/.test(text)

async function addFile(model: Model, path: string, file: Uint8Array): Promise<void> {
  await model.addProjector(path, file).catch((error) => {
    if (!(error instanceof BeagleError)) throw error
    throw new BeagleError(error.code, `${path}: ${error.message}`, { cause: error })
  })
}

async function fetchNamed(model: Model, name: string, signal: AbortSignal): Promise<void> {
  await model.fetchProjector(name, { signal }).catch((error) => {
    if (!(error instanceof BeagleError && error.code === 'not-found')) throw error
    throw new BeagleError('not-found', `There is no projector file "${name}". ${error.message}`, { cause: error })
  })
}
