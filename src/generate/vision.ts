import type { LlavaConfig } from '../checkpoint/configTypes.ts'
import { BeagleError, throwIfAborted } from '../errors.ts'
import type { Gpu } from '../gpu/device.ts'
import { type PreprocessorConfig, preprocess } from '../image/preprocess.ts'
import { encode, type LmmWeights } from '../models/lmm.ts'
import { type Projector, project } from '../models/projectors/projector.ts'
import { release } from '../models/upload.ts'
import { execute, stateTensor } from '../tensor/execute.ts'
import type { Tensor } from '../tensor/tensor.ts'
import type { PromptImage } from './prompt.ts'

/** What was seen of this many images stays on the GPU; the one unused for longest goes first. */
const mostImages = 16

/** An image's features, and the visual tokens that a projector made of them. */
interface Seen {
  features: Tensor
  tokens?: Tensor
  by?: Projector
}

/** The model's eyes: visual tokens per image, each image encoded once, whichever projectors then read its features. */
export class Vision {
  private readonly seen = new Map<string, Seen>()
  /** Images encoded so far. */
  encoded = 0

  constructor(
    private readonly gpu: Gpu,
    private readonly weights: LmmWeights,
    private readonly config: LlavaConfig,
    private readonly home: { preprocessor: PreprocessorConfig; bringEncoder(): Promise<void> },
  ) {}

  /** `pixels` [1,3,H,W] of an image, as the preprocessor config says. Throws `bad-checkpoint` where that is not the encoder's size. */
  async pixels(image: PromptImage): Promise<{ values: Float32Array<ArrayBuffer>; shape: number[] }> {
    const { pixels, width, height } = preprocess(await image.open(), this.home.preprocessor)
    const side = this.config.vision.image
    if (width !== side || height !== side) {
      throw new BeagleError(
        'bad-checkpoint',
        `preprocessor_config.json makes images of ${width} × ${height} pixels, the encoder of config.json takes ${side} × ${side}. Make size and crop_size agree with image_size.`,
      )
    }
    return { values: pixels, shape: [1, 3, height, width] }
  }

  /** Visual tokens [M, D] of each image by `projector`, encoding the images that are not known; waits until they are done. */
  async tokensOf(images: readonly PromptImage[], projector: Projector, signal?: AbortSignal): Promise<Tensor[]> {
    const before = this.encoded
    const tokens: Tensor[] = []
    for (const image of images) {
      const seen = this.recall(image.key) ?? (await this.encode(image, signal))
      tokens.push(await this.tokens(seen, projector))
    }
    if (this.encoded > before) await this.gpu.settle()
    this.forget(new Set(images.map(({ key }) => key)))
    return tokens
  }

  private async tokens(seen: Seen, projector: Projector): Promise<Tensor> {
    if (seen.tokens && seen.by === projector) return seen.tokens
    if (seen.tokens) this.gpu.memory.destroy(seen.tokens.buffer)
    seen.tokens = undefined
    const tokens = await this.projected(seen.features, projector)
    Object.assign(seen, { tokens, by: projector })
    return tokens
  }

  private recall(key: string): Seen | undefined {
    const known = this.seen.get(key)
    if (!known) return undefined
    this.seen.delete(key)
    this.seen.set(key, known)
    return known
  }

  /** Features [P, Dv] of an image, as a projector gets them; the caller owns them. */
  async features(image: PromptImage, signal?: AbortSignal): Promise<Tensor> {
    throwIfAborted(signal)
    await this.wake()
    const { vision, featureLayers, visualTokens } = this.config
    const { values, shape } = await this.pixels(image)
    const features = stateTensor(this.gpu, 'features', [visualTokens, vision.hidden * featureLayers.length])
    await execute(this.gpu, 'encode image', (pass) => {
      const pixels = pass.scratch(shape)
      this.gpu.device.queue.writeBuffer(pixels.buffer, 0, values)
      pass.copy(encode(pass, this.weights, this.config, pixels), features)
    })
    return features
  }

  /** Visual tokens [M, D] that `projector` makes of features; the caller owns them. */
  async projected(features: Tensor, projector: Projector): Promise<Tensor> {
    const tokens = stateTensor(this.gpu, 'visual tokens', [this.config.visualTokens, this.config.text.hidden])
    await execute(this.gpu, 'project', (pass) => pass.copy(project(pass, projector, features), tokens))
    return tokens
  }

  /** Brings the encoder's weights back where they have left the GPU. */
  async wake(): Promise<void> {
    if (!this.weights.encoder) await this.home.bringEncoder()
  }

  /** Takes the encoder's weights off the GPU until they are needed; nobody may be encoding. */
  rest(): void {
    release(this.gpu, this.weights.encoder)
    this.weights.encoder = undefined
  }

  private async encode(image: PromptImage, signal?: AbortSignal): Promise<Seen> {
    const seen = { features: await this.features(image, signal) }
    this.seen.set(image.key, seen)
    this.encoded++
    return seen
  }

  private forget(needed: ReadonlySet<string>): void {
    for (const [key, { features, tokens }] of this.seen) {
      if (this.seen.size <= mostImages) return
      if (needed.has(key)) continue
      this.gpu.memory.destroy(features.buffer)
      if (tokens) this.gpu.memory.destroy(tokens.buffer)
      this.seen.delete(key)
    }
  }
}
