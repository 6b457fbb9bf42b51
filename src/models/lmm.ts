import type { DecoderConfig, LlavaConfig, ModelConfig } from '../checkpoint/configTypes.ts'
import { embedding } from '../ops/embedding.ts'
import { gather } from '../ops/gather.ts'
import { place } from '../ops/place.ts'
import { splice } from '../ops/splice.ts'
import type { Pass } from '../tensor/pass.ts'
import { rowsOf, type Tensor, widthOf } from '../tensor/tensor.ts'
import { type AnswerLosses, answerLosses } from './decoders/answerLosses.ts'
import {
  type AttentionWatch,
  type Cache,
  type LlamaWeights,
  llamaSpec,
  logits,
  prefill,
  step,
  teacherForced,
} from './decoders/llama.ts'
import { type VitWeights, vit, vitSpec } from './encoders/vit.ts'
import { endsOf } from './projectors/ends.ts'
import { ownProjector, type Projector, project, projectorSpec } from './projectors/projector.ts'

/** All weights of a model; a decoder alone has no eyes. */
export interface LmmWeights {
  encoder?: VitWeights
  /** The one in use; replacing it changes what the model sees from the next image on. */
  projector?: Projector
  decoder: LlamaWeights
}

/** The weights that a config asks for, by canonical checkpoint names. */
export function lmmSpec(config: ModelConfig) {
  if (config.kind === 'decoder') return { decoder: llamaSpec(config.text) }
  return {
    encoder: vitSpec('vision_tower', config.vision, Math.max(...config.featureLayers)),
    projector: projectorSpec(endsOf(config), config.projector),
    decoder: llamaSpec(config.text),
  }
}

/** What was uploaded of `lmmSpec`, as the functions of the model take it. */
export function lmmWeights(uploaded: unknown, config: ModelConfig): LmmWeights {
  const { projector, ...rest } = uploaded as Omit<LmmWeights, 'projector'> & { projector?: unknown }
  return config.kind === 'llava' ? { ...rest, projector: ownProjector(config, projector) } : rest
}

/** What a prompt's run leaves on the GPU. */
export interface LmmState {
  cache: Cache
  cursor: Tensor
}

/** An image: `pixels` [1,3,H,W] → its features [levels · P, Dv] as the projector gets them. */
export function encode(pass: Pass, weights: LmmWeights, config: LlavaConfig, pixels: Tensor): Tensor {
  const { featureLayers, strategy, vision, levels } = config
  const dropClass = strategy === 'default' && vision.type === 'clip'
  return vit(pass, weights.encoder!, pixels, vision, { featureLayers, dropClass, apart: levels > 1 })
}

/** An image: `pixels` [1,3,H,W] → visual tokens [M, D] of the decoder's width. */
export function see(pass: Pass, weights: LmmWeights, config: LlavaConfig, pixels: Tensor): Tensor {
  const features = pass.scope(() => encode(pass, weights, config, pixels))
  return pass.scope(() => project(pass, weights.projector!, features))
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
  watch?: AttentionWatch,
): Tensor {
  const decoder = { weights: weights.decoder, config: config.text, ...state }
  return prefill(pass, decoder, embed(pass, weights, prompt), watch)
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

/** A micro-batch for teacher forcing: B conversations, padded to the same length T, one below the other. */
export interface Lesson {
  sequences: number
  /** u32 [B · T] */
  ids: Tensor
  /** u32 [B · T]: 0 keeps the text row, 1 + m takes visual token m of all images of the batch. */
  source: Tensor
  /** Features of the images in order, [images · levels · P, Dv]. */
  features: Tensor
  /** Tokens of each image's question, u32 [L], for a projector that reads it. */
  instructions?: readonly (Tensor | undefined)[]
  /** Rows behind which a label follows, u32 [L]. */
  rows: Tensor
  /** i32 as u32 [L] */
  labels: Tensor
}

/** Losses of a lesson's labels; `scale` is what one label's loss counts in the gradient. */
export function study(
  pass: Pass,
  weights: LmmWeights,
  config: LlavaConfig,
  { ids, source, features, instructions, rows, labels, sequences }: Lesson,
  { scale, recompute }: { scale: number; recompute: boolean },
): AnswerLosses {
  const visual = pass.scope(() => project(pass, weights.projector!, features, { instructions }))
  const decoder = { weights: weights.decoder, config: config.text }
  const embeddings = embed(pass, weights, { ids, visual, source })
  const y = teacherForced(pass, decoder, embeddings, { sequences, recompute })
  const x = gather(pass, { x: y, rows })
  pass.drop(y)
  return answerLosses(pass, weights.decoder, { x, labels }, { eps: config.text.eps, scale })
}
