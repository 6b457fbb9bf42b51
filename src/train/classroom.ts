import type { LlavaConfig } from '../checkpoint/configTypes.ts'
import type { Gpu } from '../gpu/device.ts'
import type { LmmWeights } from '../models/lmm.ts'
import type { Provenance } from '../models/projectors/file.ts'
import type { Exchange } from '../teachApi.ts'
import type { Tensor } from '../tensor/tensor.ts'
import type { Seen } from './features.ts'
import type { LabelTools } from './labels.ts'

/** One example as the trainer takes it. */
export interface Example {
  name: string
  turns: Exchange[]
  kind?: string
  /** Opens the image; called once. */
  see(): Promise<Seen>
}

/** What a loaded model lends to a training. */
export interface Classroom {
  gpu: Gpu
  config: LlavaConfig
  /** With the projector to be trained, in f32; the training owns it. */
  weights: LmmWeights
  /** Names the model and how its weights are stored. */
  model: string
  /** Features of one image, [patches, width]. */
  featureShape: readonly [number, number]
  tools: LabelTools
  /** Greedy answer to a prompt of token ids with the visual tokens that `weights` make of the features of its image. */
  say(
    ids: readonly number[],
    image: { features: Tensor; instruction?: readonly number[] },
    weights: LmmWeights,
  ): Promise<string>
  /** Does `work` when no chat is waiting or answering. */
  turn<T>(work: () => Promise<T>): Promise<T>
  /** The encoder is not needed before the next chat. */
  releaseEncoder(): void
  /** The projector's file with its provenance. */
  file(provenance: Provenance): Promise<Uint8Array<ArrayBuffer>>
}
