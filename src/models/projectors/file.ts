import { sameShape } from '../../checkpoint/bind.ts'
import { bytesSource } from '../../checkpoint/byteSource.ts'
import { readFloat32 } from '../../checkpoint/checkpoint.ts'
import { projectorActivations } from '../../checkpoint/config.ts'
import type { LlavaConfig, ProjectorConfig } from '../../checkpoint/configTypes.ts'
import { detectLayout, type Layout, projectorLayouts, toCanonical, toFileName } from '../../checkpoint/renames.ts'
import { parseHeader, type SafetensorsHeader, type TensorRef } from '../../checkpoint/safetensors.ts'
import { type TensorToWrite, writeSafetensors } from '../../checkpoint/writeSafetensors.ts'
import { BeagleError } from '../../errors.ts'
import { type SpecTree, specOf } from '../tree.ts'
import { projectorSpec, projectorTypes } from './projector.ts'
import type { ProjectorValues } from './values.ts'

/** The model for which a projector was made. */
export interface BaseModel {
  name: string
  origin: string
  architecture: string
}

/** How a projector came about; what is not known is left out. */
export interface Provenance {
  /** Examples that it was trained on. */
  examples?: number
  steps?: number
  /** The last step's, in nats per token. */
  loss?: number
  settings?: unknown
  about?: string
  date?: string
}

/** A projector's file, read. */
export interface ProjectorFile {
  config: ProjectorConfig
  values: ProjectorValues
  metadata: Record<string, string>
}

/** The metadata of a projector's file, its architecture in the words of a config.json. A folder's path stays at home, and so does what an address has of passwords and keys. */
export function projectorMetadata(
  { name, origin, architecture }: BaseModel,
  { type, act, bias }: ProjectorConfig,
  { settings, ...made }: Provenance = {},
): Record<string, string> {
  const address = /^https?:/.test(origin) ? new URL(origin) : undefined
  const entries: [string, unknown][] = [
    ['format', 'pt'],
    ['base_model', name],
    ['base_model_origin', address && address.origin + address.pathname],
    ['base_model_architecture', architecture],
    ['projector_type', type],
    ['projector_hidden_act', Object.entries(projectorActivations).find(([, known]) => known === act)![0]],
    ['multimodal_projector_bias', bias],
    ...Object.entries(made),
    ['settings', settings && JSON.stringify(settings)],
  ]
  return Object.fromEntries(
    entries.flatMap(([key, value]) => (value === undefined ? [] : [[key, String(value)] as const])),
  )
}

/** A safetensors file of tensors by canonical name, written under the names of `layout`. */
export function writeProjectorFile(
  layout: Layout,
  tensors: Readonly<Record<string, TensorToWrite>>,
  metadata: Record<string, string>,
): Uint8Array<ArrayBuffer> {
  const named = Object.entries(tensors).map(([name, tensor]) => [toFileName(layout, name)!, tensor] as const)
  return writeSafetensors(Object.fromEntries(named), metadata)
}

/**
 * Reads a projector from a safetensors file, whichever of the known namings it has. Throws `bad-file` where it holds no projector, and
 * `checkpoint-mismatch` with both shapes where it was made for another model.
 */
export async function readProjectorFile(file: Uint8Array, model: LlavaConfig): Promise<ProjectorFile> {
  const header = await headerOf(file)
  const metadata = Object.fromEntries(header.metadata)
  const { config, tensors } = identify(header, metadata, model)
  checkShapes(tensors, specOf(projectorSpec(model, config) as SpecTree))
  const values: ProjectorValues = {}
  for (const [name, ref] of tensors) {
    if (!['F32', 'F16', 'BF16'].includes(ref.dtype))
      throw bad(`${ref.name} is stored as ${ref.dtype}`, 'Store it as F32, F16 or BF16.')
    values[name] = await readFloat32(ref)
    if (!values[name].every(Number.isFinite))
      throw bad(`${ref.name} holds values that are no numbers`, 'Use an earlier state of the training.')
  }
  return { config, values, metadata }
}

const bad = (found: string, next: string, cause?: unknown) =>
  new BeagleError('bad-file', `This is no usable projector: ${found}. ${next}`, { cause })

async function headerOf(file: Uint8Array): Promise<SafetensorsHeader> {
  try {
    return await parseHeader(bytesSource('the file', file))
  } catch (error) {
    if (!(error instanceof BeagleError)) throw error
    const reason = error.message.replace(/\.$/, '')
    throw bad(reason, 'Choose a .safetensors file that was exported as a projector.', error)
  }
}

/** The type whose names the file has, each and no other, and its tensors by canonical name. */
function identify(
  { tensors }: SafetensorsHeader,
  metadata: Record<string, string>,
  model: LlavaConfig,
): { config: ProjectorConfig; tensors: Map<string, TensorRef> } {
  const acts: Record<string, ProjectorConfig['act']> = projectorActivations
  const act = acts[metadata.projector_hidden_act ?? ''] ?? model.projector.act
  const configs = projectorTypes.flatMap((type) => [true, false].map((bias): ProjectorConfig => ({ type, act, bias })))
  const known = configs.map((config) => ({
    config,
    names: Object.keys(specOf(projectorSpec(model, config) as SpecTree)),
  }))
  const wanted = new Set(known.flatMap(({ names }) => names))
  const layout = detectLayout(
    tensors.map(({ name }) => name),
    wanted,
    projectorLayouts,
  )
  const found = new Map(tensors.map((ref) => [toCanonical(layout, ref.name) ?? ref.name, ref]))
  const strangers = [...found].filter(([name]) => !wanted.has(name)).map(([, { name }]) => name)
  if (strangers.length > 0) {
    const parts = strangers.length === tensors.length ? 'none of a projector' : 'more than a projector'
    throw bad(
      `among its ${tensors.length} tensors is ${strangers[0]}, so it holds ${parts}`,
      'If it is a whole model, open it as a model; a projector has the layers linear_1 and, for an MLP, linear_2.',
    )
  }
  const match = known.find(({ names }) => names.length === found.size && names.every((name) => found.has(name)))
  if (match) return { config: match.config, tensors: found }
  throw bad(
    `it has only ${tensors.map(({ name }) => name).join(', ') || 'no tensor'}`,
    'A projector has a weight for each of its one or two layers, and a bias for all of them or none.',
  )
}

function checkShapes(tensors: ReadonlyMap<string, TensorRef>, spec: ReturnType<typeof specOf>): void {
  const wrong = [...tensors].filter(([name, { shape }]) => !sameShape(shape, spec[name]!.shape))
  if (wrong.length === 0) return
  const lines = wrong.map(
    ([canonical, { name, shape }]) => `${name} is [${shape}], this model needs [${spec[canonical]!.shape}]`,
  )
  throw new BeagleError(
    'checkpoint-mismatch',
    `The projector was made for another model: ${lines.join('; ')}. Load the model that it was trained with, or train one for this model.`,
  )
}
