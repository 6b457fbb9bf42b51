import { bind, ignoredBuffers } from '../checkpoint/bind.ts'
import type { ModelFiles } from '../checkpoint/byteSource.ts'
import { type Checkpoint, openCheckpoint } from '../checkpoint/checkpoint.ts'
import { readConfig } from '../checkpoint/config.ts'
import type { ModelConfig } from '../checkpoint/configTypes.ts'
import { dropClassPosition } from '../checkpoint/positions.ts'
import { decoderLayouts, honeybeeLayouts, type Layout, llavaLayouts } from '../checkpoint/renames.ts'
import type { TensorRef } from '../checkpoint/safetensors.ts'
import { lmmSpec } from './lmm.ts'
import { specOf } from './tree.ts'

/** A model whose files have been checked and whose weights have not been read. */
export interface OpenedModel {
  config: ModelConfig
  spec: ReturnType<typeof lmmSpec>
  /** By canonical name. */
  tensors: Map<string, TensorRef>
  /** How the files name their tensors; what is exported is named alike. */
  layout: Layout
  totalBytes: number
}

/** Reads the config and the headers and checks that they belong together; see `readConfig`, `openCheckpoint` and `bind`. */
export async function openModel(files: ModelFiles, signal?: AbortSignal): Promise<OpenedModel> {
  const config = await readConfig(files, signal)
  const checkpoint = await openCheckpoint(files, signal)
  const spec = lmmSpec(config)
  const options = { layouts: layoutsOf(config), ignore: [...ignoredBuffers] }
  const { tensors, layout } = bind(asNow(checkpoint, config), specOf(spec), options)
  return { config, spec, tensors, layout, totalBytes: checkpoint.totalBytes }
}

function layoutsOf(config: ModelConfig): readonly Layout[] {
  if (config.kind === 'decoder') return decoderLayouts
  return config.format === 'honeybee' ? honeybeeLayouts : llavaLayouts
}

/** A checkpoint whose tensors have the shapes that they have today. */
function asNow(checkpoint: Checkpoint, config: ModelConfig): Pick<Checkpoint, 'origin' | 'tensors'> {
  if (config.kind === 'decoder' || config.format !== 'honeybee') return checkpoint
  const tensors = [...checkpoint.tensors].map(
    ([name, ref]) => [name, dropClassPosition(ref, config.positions)] as const,
  )
  return { origin: checkpoint.origin, tensors: new Map(tensors) }
}
