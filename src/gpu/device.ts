import { BeagleError } from '../errors.ts'
import { Kernels } from './kernels.ts'
import { GpuMemory } from './memory.ts'
import { Timing } from './timing.ts'

/** What a device can do beyond the core; nothing here is required. */
export interface Abilities {
  /** f16 activations (`shader-f16`). */
  f16: boolean
  /** Subgroups of at least 8 lanes on every kernel: exchange of values between neighbouring invocations. */
  shuffle: boolean
  timestamps: boolean
  /** A CPU stands in for the GPU: many rows per invocation pay, workgroup memory does not. */
  cpu: boolean
}

/** Which of two kernels serves an operation: the plain one, or the one that exchanges values between neighbours. */
export type Path = 'plain' | 'shuffled'

/** Counts since the device was opened; tests prove with them what a token costs. */
export interface Counters {
  submits: number
  dispatches: number
  bindGroups: number
}

const wantedFeatures: GPUFeatureName[] = ['shader-f16', 'subgroups', 'timestamp-query']

const wantedLimits = [
  'maxBufferSize',
  'maxStorageBufferBindingSize',
  'maxStorageBuffersPerShaderStage',
  'maxComputeWorkgroupStorageSize',
  'maxComputeInvocationsPerWorkgroup',
  'maxComputeWorkgroupSizeX',
  'maxComputeWorkgroupsPerDimension',
] as const

/** A WebGPU device with everything that lives as long as it: kernels, memory, counters and its first failure. */
export class Gpu {
  readonly kernels: Kernels
  readonly memory: GpuMemory
  readonly timing: Timing
  readonly counters: Counters = { submits: 0, dispatches: 0, bindGroups: 0 }
  /** Fast paths in use; the self-test puts back to `plain` what the device does not do right. */
  readonly paths: Record<'linear' | 'matvec' | 'attention' | 'linearGradient' | 'attentionGradient', Path>
  /** Resolves with the reason when the device is lost, also by `dispose`. */
  readonly lost: Promise<BeagleError>
  /** The first error of the device; every later call throws it. */
  failure: BeagleError | undefined

  private constructor(
    readonly device: GPUDevice,
    readonly info: GPUAdapterInfo,
    readonly abilities: Abilities,
  ) {
    const path: Path = abilities.shuffle && abilities.cpu ? 'shuffled' : 'plain'
    this.paths = { linear: path, matvec: path, attention: path, linearGradient: path, attentionGradient: path }
    this.kernels = new Kernels(device)
    this.memory = new GpuMemory(device, (error) => this.fail(error))
    this.timing = new Timing(device, abilities.timestamps)
    device.onuncapturederror = ({ error }) => {
      const code = error instanceof GPUOutOfMemoryError ? 'out-of-memory' : 'gpu-validation'
      this.fail(new BeagleError(code, `The GPU refused a command: ${error.message}`, { cause: error }))
    }
    this.lost = device.lost.then(({ reason, message }) => {
      const why = reason === 'destroyed' ? 'it was released' : message || 'the driver gave no reason'
      this.fail(new BeagleError('device-lost', `The GPU device is gone: ${why}. Load the model again to go on.`))
      return this.failure!
    })
  }

  /**
   * Opens the adapter with the highest performance, with every feature and limit that helps and requires none.
   * Throws `no-webgpu` or `no-adapter`.
   */
  static async open(entry: GPU | undefined): Promise<Gpu> {
    if (!entry) {
      throw new BeagleError(
        'no-webgpu',
        'This browser has no WebGPU. Use a recent Chrome, Edge, Safari or Firefox, and open the page by https or from localhost.',
      )
    }
    const adapter = await entry.requestAdapter({ powerPreference: 'high-performance' })
    if (!adapter) {
      throw new BeagleError(
        'no-adapter',
        'WebGPU is here but gives no graphics adapter. Update the graphics driver, or turn on hardware acceleration in the browser settings.',
      )
    }
    const requiredFeatures = wantedFeatures.filter((feature) => adapter.features.has(feature))
    const requiredLimits = Object.fromEntries(wantedLimits.map((name) => [name, adapter.limits[name]]))
    const device = await adapter.requestDevice({ label: 'beagle', requiredFeatures, requiredLimits })
    const { info } = adapter
    const { subgroupMinSize = 0, isFallbackAdapter = false } = info as GPUAdapterInfo & { isFallbackAdapter?: boolean }
    return new Gpu(device, info, {
      f16: device.features.has('shader-f16'),
      shuffle: device.features.has('subgroups') && subgroupMinSize >= 8,
      timestamps: device.features.has('timestamp-query'),
      cpu: isFallbackAdapter || /llvmpipe|swiftshader/i.test(`${info.architecture} ${info.device} ${info.description}`),
    })
  }

  /** Remembers the first failure. */
  fail(error: BeagleError): void {
    this.failure ??= error
  }

  /** Throws the device's failure, if it has one. */
  check(): void {
    if (this.failure) throw this.failure
  }

  /** Waits for the work so far, and throws what went wrong in it. */
  async settle(): Promise<void> {
    this.check()
    this.device.pushErrorScope('validation')
    await Promise.race([this.device.queue.onSubmittedWorkDone(), this.lost])
    await this.device.popErrorScope().catch(() => null)
    this.check()
  }

  /** Releases everything that the device holds. */
  dispose(): void {
    this.device.destroy()
  }
}
