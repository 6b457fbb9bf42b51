import { BeagleError } from '../errors.ts'

/** What a buffer is for; the three lifetimes of the house and what serves the transfers. */
export type Lifetime = 'weights' | 'state' | 'scratch' | 'transfer'

const megabytes = (bytes: number) => `${(bytes / 1e6).toFixed(1)} MB`

/**
 * Creates every buffer of a device, keeps the sums per lifetime, and lends scratch buffers from a pool of free ones.
 * Scratch sizes are rounded up to powers of two (a quarter step above 1 MiB), so that few sizes serve all.
 */
export class GpuMemory {
  readonly bytes: Record<Lifetime, number> = { weights: 0, state: 0, scratch: 0, transfer: 0 }
  /** Buffers created since the device was opened; tests read it. */
  created = 0
  private readonly free = new Map<number, GPUBuffer[]>()
  /** How many recordings bind a buffer. */
  private readonly pinned = new Map<GPUBuffer, number>()
  private readonly lifetimes = new WeakMap<GPUBuffer, Lifetime>()

  constructor(
    private readonly device: GPUDevice,
    private readonly onError: (error: BeagleError) => void,
  ) {}

  create(label: string, bytes: number, lifetime: Lifetime, usage: GPUBufferUsageFlags): GPUBuffer {
    const size = Math.ceil(bytes / 16) * 16
    if (size > this.device.limits.maxBufferSize) {
      throw new BeagleError(
        'out-of-memory',
        `${label} needs a buffer of ${megabytes(size)}, this device allows ${megabytes(this.device.limits.maxBufferSize)}. Choose a smaller context or smaller weights.`,
      )
    }
    this.device.pushErrorScope('out-of-memory')
    const buffer = this.device.createBuffer({ label, size, usage })
    const total = this.total + size
    void this.device.popErrorScope().then((error) => {
      if (!error) return
      const message = `The GPU has no room for ${label} (${megabytes(size)}; ${megabytes(total)} in all). Close other tabs, or choose smaller weights or a shorter context.`
      this.onError(new BeagleError('out-of-memory', message, { cause: error }))
    })
    this.created++
    this.bytes[lifetime] += size
    this.lifetimes.set(buffer, lifetime)
    return buffer
  }

  /** A storage buffer of at least `bytes` whose content is undefined. */
  lend(bytes: number): GPUBuffer {
    const size = bucket(bytes)
    const usage = GPUBufferUsage.STORAGE | GPUBufferUsage.COPY_SRC | GPUBufferUsage.COPY_DST
    return this.reused(size) ?? this.create(`scratch ${size}`, size, 'scratch', usage)
  }

  /** The smallest free buffer of at least `size`, unless it is half as large again: lengths that vary share their buffers. */
  private reused(size: number): GPUBuffer | undefined {
    const exact = this.free.get(size)?.pop()
    if (exact) return exact
    let best = Number.POSITIVE_INFINITY
    for (const [other, list] of this.free) if (other > size && other < best && list.length > 0) best = other
    return best <= 1.5 * size ? this.free.get(best)!.pop() : undefined
  }

  /** A twin that lends as this one would, on a device that allocates nothing: what a pass adds to its `bytes` is what it will take. */
  imagined(device: GPUDevice): GpuMemory {
    const twin = new GpuMemory(device, () => {})
    Object.assign(twin.bytes, this.bytes)
    for (const [size, list] of this.free) {
      const buffers = list.map(() => device.createBuffer({ size, usage: 0 }))
      twin.free.set(size, buffers)
    }
    return twin
  }

  giveBack(buffers: Iterable<GPUBuffer>): void {
    for (const buffer of buffers) {
      const list = this.free.get(buffer.size) ?? []
      list.push(buffer)
      this.free.set(buffer.size, list)
    }
  }

  destroy(buffer: GPUBuffer): void {
    const lifetime = this.lifetimes.get(buffer)
    if (lifetime) this.bytes[lifetime] -= buffer.size
    this.lifetimes.delete(buffer)
    buffer.destroy()
  }

  /** Destroys the scratch buffers that nobody holds or has pinned. */
  trim(): void {
    for (const [size, list] of this.free) {
      for (const buffer of list) if (!this.pinned.has(buffer)) this.destroy(buffer)
      this.free.set(
        size,
        list.filter((buffer) => this.pinned.has(buffer)),
      )
    }
  }

  /** What a recording binds may be lent to others between two replays, but must not be destroyed. */
  pin(buffers: Iterable<GPUBuffer>): void {
    for (const buffer of buffers) this.pinned.set(buffer, (this.pinned.get(buffer) ?? 0) + 1)
  }

  unpin(buffers: Iterable<GPUBuffer>): void {
    for (const buffer of buffers) {
      const left = (this.pinned.get(buffer) ?? 1) - 1
      if (left > 0) this.pinned.set(buffer, left)
      else this.pinned.delete(buffer)
    }
  }

  get total(): number {
    return Object.values(this.bytes).reduce((sum, bytes) => sum + bytes, 0)
  }
}

/** The pool's size for a request of `bytes`. */
export function bucket(bytes: number): number {
  const power = 2 ** Math.ceil(Math.log2(Math.max(256, bytes)))
  if (power <= 1 << 20) return power
  const step = power / 8
  return Math.ceil(bytes / step) * step
}
