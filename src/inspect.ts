import type { Inspection, LoadOptions, ModelInfo, ModelSource, WeightStorage } from './api.ts'
import { cacheBytes, contextOf } from './generate/kvCache.ts'
import { type OpenedModel, openModel } from './models/open.ts'
import { endsOf } from './models/projectors/ends.ts'
import { visualTokensOf } from './models/projectors/projector.ts'
import { forecastWeights } from './models/storage.ts'
import { leavesOf, parametersOf, type SpecTree } from './models/tree.ts'
import { Offers } from './offers.ts'
import { openSource } from './source.ts'

/** The last part of a folder or address; on a hub it is followed by the revision. */
function nameOf(origin: string): string {
  const place = origin.replace(/\/resolve\/[^/]+\/?$/, '')
  return place.split(/[/\\]/).filter(Boolean).at(-1) ?? origin
}

/** What a model is, from its config alone. */
export function describeModel(
  { config, spec }: OpenedModel,
  origin: string,
): Omit<ModelInfo, 'weights' | 'maxContext'> {
  const { text } = config
  const decoder = `${text.type} ${text.layers} × ${text.hidden}`
  const eyes = config.kind === 'llava' ? config : undefined
  const vision = eyes?.vision
  return {
    name: nameOf(origin),
    origin,
    architecture: config.architecture,
    encoder: vision
      ? `${vision.type} ${vision.layers} × ${vision.hidden}, ${vision.image} px, patch ${vision.patch}`
      : 'none',
    projector: eyes?.projector.type ?? 'none',
    decoder,
    parameters: parametersOf(spec as SpecTree),
    visualTokensPerImage: eyes ? visualTokensOf({ config: eyes.projector, ends: endsOf(eyes) }) : 0,
    vocabulary: text.vocab,
    cacheBytesPerToken: cacheBytes(text, 1),
  }
}

/** Reads configs and headers, no weights: parts, tensors, what they will take on the GPU per weight type, and the projectors that come along. */
export async function inspect(
  source: ModelSource,
  { signal, cache }: Pick<LoadOptions, 'signal' | 'cache'> = {},
): Promise<Inspection> {
  const { files, beside } = await openSource(source, cache)
  const model = await openModel(files, signal)
  const { config, spec, tensors } = model
  const parts = Object.entries(spec as Record<string, SpecTree>)
  const partOf = new Map(
    parts.flatMap(([part, tree]) =>
      leavesOf(tree).flatMap(({ sources }) => sources.map(({ name }) => [name, part] as const)),
    ),
  )
  const stateBytes = cacheBytes(config.text, contextOf(config.text))
  const forecast = (weights: WeightStorage) => ({ weightBytes: forecastWeights(spec as SpecTree, weights), stateBytes })
  return {
    info: describeModel(model, files.origin),
    config,
    projectors: await new Offers(beside).list(signal),
    tensors: [...tensors].map(([name, { dtype, shape, begin, end }]) => ({
      name,
      part: partOf.get(name)!,
      dtype,
      shape,
      bytes: end - begin,
    })),
    parts: parts.map(([part, tree]) => ({ part, parameters: parametersOf(tree), bytes: forecastWeights(tree, 'f16') })),
    forecast: { q4: forecast('q4'), q8: forecast('q8'), f16: forecast('f16'), f32: forecast('f32') },
  }
}
