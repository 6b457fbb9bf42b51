import type { LlavaConfig } from '../checkpoint/configTypes.ts'
import { BeagleError, throwIfAborted } from '../errors.ts'
import type { Gpu } from '../gpu/device.ts'
import { type PreprocessorConfig, preprocess } from '../image/preprocess.ts'
import { type LmmWeights, see } from '../models/lmm.ts'
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
    private readonly preprocessor: PreprocessorConfig,
  ) {}

  /** `pixels` [1,3,H,W] of an image, as the preprocessor config says. Throws `bad-checkpoint` where that is not the encoder's size. */
  async pixels(image: PromptImage): Promise<{ values: Float32Array<ArrayBuffer>; shape: number[] }> {
    const { pixels, width, height } = preprocess(await image.open(), this.preprocessor)
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

  private async encode(image: PromptImage, signal?: AbortSignal): Promise<Tensor> {
    throwIfAborted(signal)
    const { values, shape } = await this.pixels(image)
    const tokens = stateTensor(this.gpu, 'visual tokens', [this.config.visualTokens, this.config.text.hidden])
    await execute(this.gpu, 'encode image', (pass) => {
      const pixels = pass.scratch(shape)
      this.gpu.device.queue.writeBuffer(pixels.buffer, 0, values)
      pass.copy(see(pass, this.weights, this.config, pixels), tokens)
    })
    this.seen.set(image.key, tokens)
    this.encoded++
    return tokens
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
