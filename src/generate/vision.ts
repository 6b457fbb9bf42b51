import type { LlavaConfig } from '../checkpoint/configTypes.ts'
import { BeagleError, throwIfAborted } from '../errors.ts'
import type { Gpu } from '../gpu/device.ts'
import { type PreprocessorConfig, preprocess } from '../image/preprocess.ts'
import { encode, type LmmWeights, see } from '../models/lmm.ts'
import { project } from '../models/projectors/projector.ts'
import { release } from '../models/upload.ts'
import { execute, stateTensor } from '../tensor/execute.ts'
import type { Tensor } from '../tensor/tensor.ts'
import type { PromptImage } from './prompt.ts'

/** Visual tokens of this many images stay on the GPU; the one unused for longest goes first. */
const mostImages = 16

/** The model's eyes: visual tokens per image, each image encoded once. */
export class Vision {
  private readonly seen = new Map<string, Tensor>()
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

  /** Visual tokens [M, D] of each image, encoding those that are not known; waits until they are done. */
  async tokensOf(images: readonly PromptImage[], signal?: AbortSignal): Promise<Tensor[]> {
    const before = this.encoded
    const tokens: Tensor[] = []
    for (const image of images) tokens.push(this.recall(image.key) ?? (await this.encode(image, signal)))
    if (this.encoded > before) await this.gpu.settle()
    this.forget(new Set(images.map(({ key }) => key)))
    return tokens
  }

  private recall(key: string): Tensor | undefined {
    const known = this.seen.get(key)
    if (!known) return undefined
    this.seen.delete(key)
    this.seen.set(key, known)
    return known
  }

  /** Features [P, Dv] of an image, as a projector gets them; the caller owns them. */
  async features(image: PromptImage, signal?: AbortSignal): Promise<Tensor> {
    const { vision, featureLayers, visualTokens } = this.config
    return this.look(image, 'features', [visualTokens, vision.hidden * featureLayers.length], encode, signal)
  }

  /** Visual tokens [M, D] that the projector of `weights` makes of features; the caller owns them. */
  async projected(features: Tensor, { projector }: LmmWeights): Promise<Tensor> {
    const tokens = stateTensor(this.gpu, 'visual tokens', [this.config.visualTokens, this.config.text.hidden])
    await execute(this.gpu, 'project', (pass) => pass.copy(project(pass, projector!, features), tokens))
    return tokens
  }

  /** Forgets the visual tokens of all images. */
  forgetTokens(): void {
    for (const { buffer } of this.seen.values()) this.gpu.memory.destroy(buffer)
    this.seen.clear()
  }

  /** Takes the encoder's weights off the GPU until they are needed. */
  rest(): void {
    release(this.gpu, this.weights.encoder)
    this.weights.encoder = undefined
  }

  private async encode(image: PromptImage, signal?: AbortSignal): Promise<Tensor> {
    const { visualTokens, text } = this.config
    const tokens = await this.look(image, 'visual tokens', [visualTokens, text.hidden], see, signal)
    this.seen.set(image.key, tokens)
    this.encoded++
    return tokens
  }

  private async look(
    image: PromptImage,
    what: string,
    shape: readonly number[],
    by: typeof see,
    signal?: AbortSignal,
  ): Promise<Tensor> {
    throwIfAborted(signal)
    if (!this.weights.encoder) await this.home.bringEncoder()
    const { values, shape: pixelShape } = await this.pixels(image)
    const result = stateTensor(this.gpu, what, shape)
    await execute(this.gpu, 'encode image', (pass) => {
      const pixels = pass.scratch(pixelShape)
      this.gpu.device.queue.writeBuffer(pixels.buffer, 0, values)
      pass.copy(by(pass, this.weights, this.config, pixels), result)
    })
    return result
  }

  private forget(needed: ReadonlySet<string>): void {
    for (const [key, tensor] of this.seen) {
      if (this.seen.size <= mostImages) return
      if (needed.has(key)) continue
      this.gpu.memory.destroy(tensor.buffer)
      this.seen.delete(key)
    }
  }
}
