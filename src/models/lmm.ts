import type { DecoderConfig, LlavaConfig, ModelConfig } from '../checkpoint/configTypes.ts'
import { embedding } from '../ops/embedding.ts'
import { place } from '../ops/place.ts'
import { splice } from '../ops/splice.ts'
import type { Pass } from '../tensor/pass.ts'
import { rowsOf, type Tensor, widthOf } from '../tensor/tensor.ts'
import { type Cache, type LlamaWeights, llamaSpec, logits, prefill, step } from './decoders/llama.ts'
import { type VitWeights, vit, vitSpec } from './encoders/vit.ts'
import { type ProjectorWeights, project, projectorSpec } from './projectors/projector.ts'

/** All weights of a model; a decoder alone has no eyes. */
export interface LmmWeights {
  encoder?: VitWeights
  projector?: ProjectorWeights
  decoder: LlamaWeights
}

/** The weights that a config asks for, by canonical checkpoint names. */
export function lmmSpec(config: ModelConfig) {
  if (config.kind === 'decoder') return { decoder: llamaSpec(config.text) }
  return {
    encoder: vitSpec('vision_tower', config.vision, Math.max(...config.featureLayers)),
    projector: projectorSpec('multi_modal_projector', config),
    decoder: llamaSpec(config.text),
  }
}

/** What a prompt's run leaves on the GPU. */
export interface LmmState {
  cache: Cache
  cursor: Tensor
}

/** An image: `pixels` [1,3,H,W] → its features [P, Dv] as the projector gets them. */
export function encode(pass: Pass, weights: LmmWeights, config: LlavaConfig, pixels: Tensor): Tensor {
  const { featureLayers, strategy, vision } = config
  const dropClass = strategy === 'default' && vision.type === 'clip'
  return vit(pass, weights.encoder!, pixels, vision, { featureLayers, dropClass })
}

/** An image: `pixels` [1,3,H,W] → visual tokens [M, D] of the decoder's width. */
export function see(pass: Pass, weights: LmmWeights, config: LlavaConfig, pixels: Tensor): Tensor {
  const features = pass.scope(() => encode(pass, weights, config, pixels))
  return pass.scope(() => project(pass, weights.projector!, features, config))
}

export interface Prompt {
  /** u32 [T]; what stands for a visual token does not matter. */
  ids: Tensor
  /** Visual tokens [M, D] of all images in order; none without images. */
  visual?: Tensor
  /** u32 [T]: 0 keeps the text row, 1 + m takes visual token m. */
  source?: Tensor
}

/** The rows that the decoder sees: embedded ids with the visual tokens in their places, [T, D]. */
export function embed(pass: Pass, weights: LmmWeights, { ids, visual, source }: Prompt): Tensor {
  const embeddings = embedding(pass, { ids, table: weights.decoder.embeddings })
  if (!visual || !source) return embeddings
  const spliced = splice(pass, { embeddings, visual, source })
  pass.drop(embeddings)
  return spliced
}

/** Adds a prompt to the cache and gives the last layer's output [T, D]. */
export function read(
  pass: Pass,
  weights: LmmWeights,
  config: LlavaConfig | DecoderConfig,
  state: LmmState,
  prompt: Prompt,
): Tensor {
  return prefill(pass, { weights: weights.decoder, config: config.text, ...state }, embed(pass, weights, prompt))
}

/** Logits [1, V] of the token that follows the last row of `x` [T, D]. */
export function lastLogits(pass: Pass, weights: LmmWeights, config: ModelConfig, x: Tensor): Tensor {
  if (rowsOf(x) === 1) return logits(pass, weights.decoder, x, config.text.eps)
  const last = pass.scratch([1, widthOf(x)], x.type)
  place(pass, { x, into: last }, { fromRow: rowsOf(x) - 1 })
  return logits(pass, weights.decoder, last, config.text.eps)
}

/** Logits [T, V] of every row of `x`. */
export function allLogits(pass: Pass, weights: LmmWeights, config: ModelConfig, x: Tensor): Tensor {
  return logits(pass, weights.decoder, x, config.text.eps)
}

/** One decode step from the cursor's token: logits [1, V]. */
export function next(pass: Pass, weights: LmmWeights, config: ModelConfig, state: LmmState): Tensor {
  const x = step(pass, { weights: weights.decoder, config: config.text, ...state })
  return logits(pass, weights.decoder, x, config.text.eps)
}
