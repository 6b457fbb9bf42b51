import type { LlavaConfig } from '../checkpoint/configTypes.ts'
import { BeagleError, throwIfAborted } from '../errors.ts'
import type { Gpu } from '../gpu/device.ts'
import { type Frame, frameOf, type PreprocessorConfig, preprocess } from '../image/preprocess.ts'
import { encode, type LmmWeights } from '../models/lmm.ts'
import { endsOf, featureShape } from '../models/projectors/ends.ts'
import { type Projector, visualTokensOf } from '../models/projectors/projector.ts'
import { release } from '../models/upload.ts'
import { execute, stateTensor } from '../tensor/execute.ts'
import type { Tensor } from '../tensor/tensor.ts'
import { markOf, type PromptImage } from './prompt.ts'
import { projectSeen, type SeenImage } from './seenImage.ts'

/** What was seen of this many images stays on the GPU; the one unused for longest goes first. */
const mostImages = 16

/** An image's features, and the visual tokens that a projector made of them, by what else they depend on. */
interface Seen {
  features: Tensor
  tokens: Map<string, Tensor>
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
      tokens.push(await this.tokens(seen, image, projector))
    }
    if (this.encoded > before) await this.gpu.settle()
    this.forget(new Set(images.map(({ key }) => key)))
    return tokens
  }

  private async tokens(seen: Seen, image: PromptImage, projector: Projector): Promise<Tensor> {
    if (seen.by !== projector) this.clear(seen)
    seen.by = projector
    const mark = markOf(image)
    const known = seen.tokens.get(mark)
    if (known) return known
    const tokens = await this.projected({ features: seen.features, instruction: image.instruction }, projector)
    seen.tokens.set(mark, tokens)
    return tokens
  }

  private clear({ tokens }: Seen): void {
    for (const { buffer } of tokens.values()) this.gpu.memory.destroy(buffer)
    tokens.clear()
  }

  private recall(key: string): Seen | undefined {
    const known = this.seen.get(key)
    if (!known) return undefined
    this.seen.delete(key)
    this.seen.set(key, known)
    return known
  }

  /** What the encoder sees of an image of this size. */
  frame(size: { width: number; height: number }): Frame {
    return frameOf(size, this.home.preprocessor)
  }

  /** Features of an image, encoded where it is not known; they are not the caller's and stay until the next image is asked for. */
  async known(image: PromptImage, signal?: AbortSignal): Promise<SeenImage> {
    const { features } = this.recall(image.key) ?? (await this.encode(image, signal))
    return { features, instruction: image.instruction }
  }

  /** Features [levels · P, Dv] of an image, as a projector gets them; the caller owns them. */
  async features(image: PromptImage, signal?: AbortSignal): Promise<Tensor> {
    throwIfAborted(signal)
    await this.wake()
    const { values, shape } = await this.pixels(image)
    const features = stateTensor(this.gpu, 'features', featureShape(endsOf(this.config)))
    await execute(this.gpu, 'encode image', (pass) => {
      const pixels = pass.scratch(shape)
      this.gpu.device.queue.writeBuffer(pixels.buffer, 0, values)
      pass.copy(encode(pass, this.weights, this.config, pixels), features)
    })
    return features
  }

  /** Visual tokens [M, D] that `projector` makes of features; the caller owns them. */
  async projected(seen: SeenImage, projector: Projector): Promise<Tensor> {
    const tokens = stateTensor(this.gpu, 'visual tokens', [visualTokensOf(projector), this.config.text.hidden])
    await execute(this.gpu, 'project', (pass) => {
      pass.copy(projectSeen(pass, projector, seen), tokens)
    })
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
    const seen: Seen = { features: await this.features(image, signal), tokens: new Map() }
    this.seen.set(image.key, seen)
    this.encoded++
    return seen
  }

  /** Images are encoded anew when they are seen again. */
  forgetAll(): void {
    this.forget(new Set(), 0)
  }

  private forget(needed: ReadonlySet<string>, most = mostImages): void {
    for (const [key, seen] of this.seen) {
      if (this.seen.size <= most) return
      if (needed.has(key)) continue
      this.gpu.memory.destroy(seen.features.buffer)
      this.clear(seen)
      this.seen.delete(key)
    }
  }
}
