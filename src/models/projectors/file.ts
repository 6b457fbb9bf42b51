import { sameShape } from '../../checkpoint/bind.ts'
import { bytesSource } from '../../checkpoint/byteSource.ts'
import { readFloat32 } from '../../checkpoint/checkpoint.ts'
import type { LlavaConfig, ProjectorConfig } from '../../checkpoint/configTypes.ts'
import { dropClassPosition } from '../../checkpoint/positions.ts'
import { isLlavaProjector, projectorActivations, projectorConfigJson } from '../../checkpoint/projectorConfig.ts'
import { abstractorLayouts, type Layout, toFileName } from '../../checkpoint/renames.ts'
import { parseHeader, type SafetensorsHeader, type TensorRef } from '../../checkpoint/safetensors.ts'
import { type TensorToWrite, writeSafetensors } from '../../checkpoint/writeSafetensors.ts'
import { BeagleError } from '../../errors.ts'
import { specOf } from '../tree.ts'
import { endsOf } from './ends.ts'
import { identify, unusable } from './identify.ts'
import { projectorSpec } from './projector.ts'
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
  config: ProjectorConfig,
  { settings, ...made }: Provenance = {},
): Record<string, string> {
  const address = /^https?:/.test(origin) ? new URL(origin) : undefined
  const entries: [string, unknown][] = [
    ['format', 'pt'],
    ['base_model', name],
    ['base_model_origin', address && address.origin + address.pathname],
    ['base_model_architecture', architecture],
    ['projector_type', config.type],
    ...architectureOf(config),
    ...Object.entries(made),
    ['settings', settings && JSON.stringify(settings)],
  ]
  return Object.fromEntries(
    entries.flatMap(([key, value]) => (value === undefined ? [] : [[key, String(value)] as const])),
  )
}

function architectureOf(config: ProjectorConfig): [string, unknown][] {
  if (!isLlavaProjector(config)) return [['projector_config', JSON.stringify(projectorConfigJson(config))]]
  const [act] = Object.entries(projectorActivations).find(([, known]) => known === config.act)!
  return [
    ['projector_hidden_act', act],
    ['multimodal_projector_bias', config.bias],
  ]
}

/** A safetensors file of tensors by canonical name: LLaVA's connectors under the names of `layout`, others under their official ones. */
export function writeProjectorFile(
  config: ProjectorConfig,
  checkpoint: Layout,
  tensors: Readonly<Record<string, TensorToWrite>>,
  metadata: Record<string, string>,
): Uint8Array<ArrayBuffer> {
  const layout = isLlavaProjector(config) ? checkpoint : abstractorLayouts[0]!
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
  const { config, tensors: inFile } = identify(header, metadata, model)
  const tensors = new Map([...inFile].map(([name, ref]) => [name, dropClassPosition(ref, model.positions)]))
  checkShapes(tensors, specOf(projectorSpec(endsOf(model), config)))
  const values: ProjectorValues = {}
  for (const [name, ref] of tensors) {
    if (!['F32', 'F16', 'BF16'].includes(ref.dtype))
      throw unusable(`${ref.name} is stored as ${ref.dtype}`, 'Store it as F32, F16 or BF16.')
    values[name] = await readFloat32(ref)
    if (!values[name].every(Number.isFinite))
      throw unusable(`${ref.name} holds values that are no numbers`, 'Use an earlier state of the training.')
  }
  return { config, values, metadata }
}

async function headerOf(file: Uint8Array): Promise<SafetensorsHeader> {
  try {
    return await parseHeader(bytesSource('the file', file))
  } catch (error) {
    if (!(error instanceof BeagleError)) throw error
    const reason = error.message.replace(/\.$/, '')
    throw unusable(reason, 'Choose a .safetensors file that was exported as a projector.', error)
  }
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
