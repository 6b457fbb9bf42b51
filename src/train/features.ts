import { throwIfAborted } from '../errors.ts'
import type { Gpu } from '../gpu/device.ts'
import type { TeachStore } from '../teachApi.ts'
import { executeAndRead, stateTensor, upload } from '../tensor/execute.ts'
import { bytesOf, type Tensor } from '../tensor/tensor.ts'

/** An image known by its content, of which the encoder makes features [P, Dv], a tensor that the caller owns. */
export interface Seen {
  key: string
  encode(): Promise<Tensor>
}

/**
 * Features of a training's images: each is computed once, and kept on the GPU and in the store. Without a store, images that do not
 * stay on the GPU are encoded again.
 */
export class Features {
  private readonly known = new Map<string, Tensor>()
  private readonly waiting = new Map<string, Seen>()
  private held = 0

  constructor(
    private readonly gpu: Gpu,
    private readonly shape: readonly [patches: number, width: number],
    /** What the features depend on beside the image: the encoder and how it is stored. */
    private readonly encoder: string,
    private readonly store?: TeachStore,
    /** So many bytes of features stay on the GPU; the others come back from the store. */
    private readonly most = 512e6,
  ) {}

  get bytesPerImage(): number {
    return bytesOf(this.shape, 'f32')
  }

  /** Bytes on the GPU now. */
  get bytes(): number {
    return this.held
  }

  /** Bytes on the GPU when `images` are known. */
  forecast(images: number): number {
    return Math.min(images, Math.max(1, Math.floor(this.most / this.bytesPerImage))) * this.bytesPerImage
  }

  /** Makes the features of an image, unless they are known here or in the store. */
  async learn(seen: Seen, signal?: AbortSignal): Promise<void> {
    this.waiting.set(seen.key, seen)
    if (!this.known.has(seen.key)) await this.bring(seen, signal)
  }

  /** The features of images by their keys, all on the GPU until the next call. */
  async of(keys: readonly string[], signal?: AbortSignal): Promise<Tensor[]> {
    const tensors: Tensor[] = []
    for (const key of keys) {
      const tensor = this.known.get(key) ?? (await this.bring(this.waiting.get(key)!, signal, new Set(keys)))
      this.known.delete(key)
      this.known.set(key, tensor)
      tensors.push(tensor)
    }
    return tensors
  }

  dispose(): void {
    for (const { buffer } of this.known.values()) this.gpu.memory.destroy(buffer)
    this.known.clear()
  }

  private async bring(seen: Seen, signal?: AbortSignal, needed: ReadonlySet<string> = new Set()): Promise<Tensor> {
    throwIfAborted(signal)
    const tensor = (await this.recall(seen.key)) ?? (await this.encode(seen))
    this.known.set(seen.key, tensor)
    this.held += this.bytesPerImage
    for (const [key, old] of this.known) {
      if (this.held <= this.most) break
      if (key === seen.key || needed.has(key)) continue
      this.gpu.memory.destroy(old.buffer)
      this.known.delete(key)
      this.held -= this.bytesPerImage
    }
    return tensor
  }

  private async recall(key: string): Promise<Tensor | undefined> {
    const bytes = await this.store?.read(this.file(key))
    if (bytes?.length !== 4 * this.shape[0] * this.shape[1]) return undefined
    const tensor = stateTensor(this.gpu, 'features', this.shape)
    upload(this.gpu, tensor, new Float32Array(bytes.buffer, bytes.byteOffset, bytes.length / 4))
    return tensor
  }

  private async encode(seen: Seen): Promise<Tensor> {
    const tensor = await seen.encode()
    if (this.store) {
      const { features } = await executeAndRead(this.gpu, 'read features', () => ({ features: tensor }))
      await this.store.write(
        this.file(seen.key),
        new Uint8Array(features.buffer as ArrayBuffer, features.byteOffset, features.byteLength),
      )
    }
    return tensor
  }

  private file(key: string): string {
    return `features-${this.encoder}-${key}`
  }
}
