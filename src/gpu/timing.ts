const capacity = 2048

/** Time and number of the dispatches of one kernel. */
export interface KernelTime {
  kernel: string
  count: number
  ms: number
}

/** Times every dispatch by timestamp queries while it is on; each dispatch then has a compute pass of its own. */
export class Timing {
  private on = false
  private labels: string[] = []
  private queries: GPUQuerySet | undefined
  private resolved: GPUBuffer | undefined

  constructor(
    private readonly device: GPUDevice,
    /** Whether the device has timestamp queries. */
    readonly available: boolean,
  ) {}

  start(): void {
    if (!this.available) return
    this.queries ??= this.device.createQuerySet({ type: 'timestamp', count: capacity })
    this.resolved ??= this.device.createBuffer({
      size: capacity * 8,
      usage: GPUBufferUsage.QUERY_RESOLVE | GPUBufferUsage.COPY_SRC,
    })
    this.labels = []
    this.on = true
  }

  /** The descriptor that times the next dispatch; undefined while timing is off or full. */
  next(label: string): GPUComputePassDescriptor | undefined {
    const begin = this.labels.length * 2
    if (!this.on || begin >= capacity) return undefined
    this.labels.push(label)
    return {
      label,
      timestampWrites: { querySet: this.queries!, beginningOfPassWriteIndex: begin, endOfPassWriteIndex: begin + 1 },
    }
  }

  get running(): boolean {
    return this.on
  }

  /** Ends timing and sums up by kernel, slowest first. */
  async stop(): Promise<KernelTime[]> {
    this.on = false
    const count = this.labels.length * 2
    if (count === 0) return []
    const staging = this.device.createBuffer({
      size: capacity * 8,
      usage: GPUBufferUsage.MAP_READ | GPUBufferUsage.COPY_DST,
    })
    const encoder = this.device.createCommandEncoder()
    encoder.resolveQuerySet(this.queries!, 0, count, this.resolved!, 0)
    encoder.copyBufferToBuffer(this.resolved!, 0, staging, 0, count * 8)
    this.device.queue.submit([encoder.finish()])
    await staging.mapAsync(GPUMapMode.READ)
    const stamps = new BigUint64Array(staging.getMappedRange())
    const sums = new Map<string, KernelTime>()
    this.labels.forEach((kernel, i) => {
      const sum = sums.get(kernel) ?? { kernel, count: 0, ms: 0 }
      sum.count++
      sum.ms += Number(stamps[2 * i + 1]! - stamps[2 * i]!) / 1e6
      sums.set(kernel, sum)
    })
    staging.destroy()
    return [...sums.values()].sort((a, b) => b.ms - a.ms)
  }
}
