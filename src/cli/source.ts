import { existsSync, statSync } from 'node:fs'
import { BeagleError, type ModelSource } from '../index.ts'
import type { ModelFlags } from './options.ts'

/**
 * Opens what the flags name: a folder if there is one, else the hub for a name like owner/name. Throws `bad-argument` where
 * `--revision` goes with a model from elsewhere; where the hub fails, the error says why it was asked.
 */
export async function fromSource<T>(flags: ModelFlags, open: (source: ModelSource) => Promise<T>): Promise<T> {
  const { model, revision, host, token } = flags
  const isFolder = existsSync(model) && statSync(model).isDirectory()
  const hub = isFolder ? null : /^([\w-][\w.-]*\/[\w.-]+)(?:@(.+))?$/.exec(model)
  if (!hub) {
    if (revision === undefined) return open(model)
    throw new BeagleError('bad-argument', `--revision is for hub models, but "${model}" is none. Leave --revision out.`)
  }
  try {
    return await open({ kind: 'hub', id: hub[1]!, revision: revision ?? hub[2], host, token })
  } catch (error) {
    if (!(error instanceof BeagleError && ['network', 'not-found', 'unauthorized'].includes(error.code))) throw error
    const why = `There is no folder "${model}" here, so it was looked for on ${host ?? 'the hub'}.`
    throw new BeagleError(error.code, `${error.message} ${why}`, { cause: error })
  }
}
