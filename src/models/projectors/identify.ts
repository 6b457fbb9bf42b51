import { Fields } from '../../checkpoint/configFields.ts'
import type { LlavaConfig, LlavaProjectorConfig, ProjectorConfig } from '../../checkpoint/configTypes.ts'
import { isLlavaProjector, projectorActivations, readProjectorConfig } from '../../checkpoint/projectorConfig.ts'
import {
  abstractorLayouts,
  detectLayout,
  type Layout,
  projectorLayouts,
  toCanonical,
} from '../../checkpoint/renames.ts'
import type { SafetensorsHeader, TensorRef } from '../../checkpoint/safetensors.ts'
import { BeagleError } from '../../errors.ts'
import { specOf } from '../tree.ts'
import { endsOf } from './ends.ts'
import { projectorSpec } from './projector.ts'

export interface Identified {
  config: ProjectorConfig
  /** By canonical name. */
  tensors: Map<string, TensorRef>
}

/** What is wrong with a projector's file, and what to do. */
export const unusable = (found: string, next: string, cause?: unknown) =>
  new BeagleError('bad-file', `This is no usable projector: ${found}. ${next}`, { cause })

/** What a file holds: as its `projector_config` says, or else the one of LLaVA's connectors whose names it has. Throws `bad-file`. */
export function identify(header: SafetensorsHeader, metadata: Record<string, string>, model: LlavaConfig): Identified {
  return metadata.projector_config === undefined
    ? identifyByNames(header, metadata, model)
    : identifyByConfig(header, metadata.projector_config, model)
}

/** A file that says what it is, as Honeybee's checkpoints do. */
function identifyByConfig({ tensors }: SafetensorsHeader, json: string, model: LlavaConfig): Identified {
  let parsed: unknown
  try {
    parsed = JSON.parse(json)
  } catch (error) {
    throw unusable('the projector_config in its metadata is no JSON', 'Export the projector again.', error)
  }
  const config = readProjectorConfig(Fields.of(parsed, 'projector_config'))
  const wanted = new Set(Object.keys(specOf(projectorSpec(endsOf(model), config))))
  const found = byCanonicalName(tensors, wanted, abstractorLayouts)
  const missing = [...wanted].filter((name) => !found.has(name))
  const strangers = [...found].filter(([name]) => !wanted.has(name)).map(([, { name }]) => name)
  if (missing.length + strangers.length > 0) {
    const lists = [...missing.map((name) => `without ${name}`), ...strangers.map((name) => `with ${name}`)]
    throw unusable(
      `its projector_config describes a ${config.type} of ${wanted.size} tensors, the file is ${lists.slice(0, 3).join(', ')}${lists.length > 3 ? ` and ${lists.length - 3} more` : ''}`,
      'Check that config and weights belong together.',
    )
  }
  return { config, tensors: found }
}

/** One of LLaVA's connectors: the type whose names the file has, each and no other. */
function identifyByNames(
  { tensors }: SafetensorsHeader,
  metadata: Record<string, string>,
  model: LlavaConfig,
): Identified {
  const acts: Record<string, LlavaProjectorConfig['act']> = projectorActivations
  const own = isLlavaProjector(model.projector) ? model.projector.act : 'geluErf'
  const act = acts[metadata.projector_hidden_act ?? ''] ?? own
  const configs = (['linear', 'mlp2x_gelu'] as const).flatMap((type) =>
    [true, false].map((bias): LlavaProjectorConfig => ({ type, act, bias })),
  )
  const known = configs.map((config) => ({ config, names: Object.keys(specOf(projectorSpec(endsOf(model), config))) }))
  const wanted = new Set(known.flatMap(({ names }) => names))
  const found = byCanonicalName(tensors, wanted, projectorLayouts)
  const strangers = [...found].filter(([name]) => !wanted.has(name)).map(([, { name }]) => name)
  if (strangers.length > 0) {
    if (strangers.some((name) => /(^|\.)(abstractor|qformer)\./.test(name)))
      throw unusable(
        `it has ${strangers[0]}, but its metadata has no projector_config, which says what the tensors mean`,
        'Write the checkpoint’s projector_config as JSON into the metadata of the safetensors file.',
      )
    const parts = strangers.length === tensors.length ? 'none of a projector' : 'more than a projector'
    throw unusable(
      `among its ${tensors.length} tensors is ${strangers[0]}, so it holds ${parts}`,
      'If it is a whole model, open it as a model; a projector has the layers linear_1 and, for an MLP, linear_2.',
    )
  }
  const match = known.find(({ names }) => names.length === found.size && names.every((name) => found.has(name)))
  if (match) return { config: match.config, tensors: found }
  throw unusable(
    `it has only ${tensors.map(({ name }) => name).join(', ') || 'no tensor'}`,
    'A projector has a weight for each of its one or two layers, and a bias for all of them or none.',
  )
}

/** The file's tensors under the naming that fits most of them; a name that has no place stays. */
function byCanonicalName(
  tensors: SafetensorsHeader['tensors'],
  wanted: ReadonlySet<string>,
  layouts: readonly Layout[],
): Map<string, TensorRef> {
  const names = tensors.map(({ name }) => name)
  const layout = detectLayout(names, wanted, layouts)
  return new Map(tensors.map((ref) => [toCanonical(layout, ref.name) ?? ref.name, ref]))
}
