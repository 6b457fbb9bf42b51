import type { TeachSettings } from '../teachApi.ts'
import type { Tokens } from './lesson.ts'

type Known = Tokens & { key: string }

/** What must be the same for a training to go on: model, settings that change the losses, and every example, in order. */
export async function fingerprintOf(
  model: string,
  settings: TeachSettings,
  examples: readonly Known[][],
): Promise<string> {
  const { saveEvery: _, evalEvery: __, memoryLimit: ___, releaseEncoder: ____, projector, ...counted } = settings
  const isFile = typeof projector === 'object' && 'file' in projector
  const start = isFile ? await digest(projector.file) : projector
  const data = examples.map((part) =>
    part.map(({ key, ids, labels, instruction }) => [key, ids, labels, ...(instruction ? [instruction] : [])]),
  )
  return digest(new TextEncoder().encode(JSON.stringify([model, counted, start, data])))
}

async function digest(bytes: Uint8Array): Promise<string> {
  const sum = new Uint8Array(await crypto.subtle.digest('SHA-256', bytes as Uint8Array<ArrayBuffer>))
  return Array.from(sum, (byte) => byte.toString(16).padStart(2, '0')).join('')
}
