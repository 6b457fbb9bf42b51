import { BeagleError } from '../errors.ts'
import { type Interface, type Kernel, linkKernel, reflect } from './wgsl.ts'

/** A kernel ready to be dispatched. */
export interface Compiled extends Interface {
  /** `shader.entry`, for timings and errors. */
  label: string
  pipeline: GPUComputePipeline
  layout: GPUBindGroupLayout
}

/** The same kernel has the same key. */
export function keyOf(kernel: Kernel): string {
  const { shader, entry, activation = 'f32', storage = 'f32', overrides = {} } = kernel
  return `${shader}.${entry} ${activation} ${storage} ${JSON.stringify(overrides)}`
}

/** Links and compiles kernels, each once, off the calling thread. */
export class Kernels {
  private readonly ready = new Map<string, Compiled>()
  private readonly underway = new Map<string, Promise<void>>()
  private readonly modules = new Map<string, Promise<{ wgsl: string; module: GPUShaderModule }>>()

  constructor(private readonly device: GPUDevice) {}

  get(kernel: Kernel): Compiled | undefined {
    return this.ready.get(keyOf(kernel))
  }

  /** Pipelines compiled so far. */
  get count(): number {
    return this.ready.size
  }

  /** Compiles what is not ready yet; rejects with the shader's own messages. */
  async compile(kernels: Iterable<Kernel>, onDone?: (done: number, total: number) => void): Promise<void> {
    const wanted = [...kernels]
    let done = 0
    await Promise.all(
      wanted.map(async (kernel) => {
        const key = keyOf(kernel)
        if (!this.ready.has(key)) {
          if (!this.underway.has(key)) this.underway.set(key, this.compileOne(kernel, key))
          await this.underway.get(key)
        }
        onDone?.(++done, wanted.length)
      }),
    )
  }

  private async compileOne(kernel: Kernel, key: string): Promise<void> {
    const label = `${kernel.shader}.${kernel.entry}`
    const moduleKey = `${kernel.shader} ${kernel.activation ?? 'f32'} ${kernel.storage ?? 'f32'}`
    if (!this.modules.has(moduleKey)) this.modules.set(moduleKey, this.link(kernel, moduleKey))
    const { wgsl, module } = await this.modules.get(moduleKey)!
    const description = reflect(wgsl, kernel.entry)
    try {
      const pipeline = await this.device.createComputePipelineAsync({
        label: key,
        layout: 'auto',
        compute: { module, entryPoint: kernel.entry, constants: kernel.overrides },
      })
      this.ready.set(key, { ...description, label, pipeline, layout: pipeline.getBindGroupLayout(0) })
    } catch (cause) {
      const { messages } = await module.getCompilationInfo()
      const details = messages.map(
        (m) => `${m.type} at ${m.lineNum}:${m.linePos}: ${m.message}\n  ${lineOf(wgsl, m.lineNum)}`,
      )
      const text = [`The kernel ${key} does not compile: ${(cause as Error).message}`, ...details].join('\n')
      throw new BeagleError('gpu-validation', text, { cause })
    } finally {
      this.underway.delete(key)
    }
  }

  private async link(kernel: Kernel, label: string) {
    const wgsl = await linkKernel(kernel)
    return { wgsl, module: this.device.createShaderModule({ label, code: wgsl }) }
  }
}

const lineOf = (text: string, line: number) => text.split('\n')[line - 1]?.trim() ?? ''
