import { bind, ignoredBuffers } from '../checkpoint/bind.ts'
import type { ModelFiles } from '../checkpoint/byteSource.ts'
import { openCheckpoint } from '../checkpoint/checkpoint.ts'
import { readConfig } from '../checkpoint/config.ts'
import type { ModelConfig } from '../checkpoint/configTypes.ts'
import { decoderLayouts, type Layout, llavaLayouts } from '../checkpoint/renames.ts'
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
  const layouts = config.kind === 'llava' ? llavaLayouts : decoderLayouts
  const { tensors, layout } = bind(checkpoint, specOf(spec), { layouts, ignore: [...ignoredBuffers] })
  return { config, spec, tensors, layout, totalBytes: checkpoint.totalBytes }
}
