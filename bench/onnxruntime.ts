import type { InferenceSession, Tensor as OnnxTensor } from 'onnxruntime-web'
import { repeated, type Spread } from './measure.ts'

/** Its WebGPU backend in C++, and the older one in JavaScript. */
export type Build = 'webgpu' | 'jsep'

export type Onnxruntime = typeof import('onnxruntime-web')

/** Values of an input or output, as ONNX lays them out. */
export interface Values {
  dims: number[]
  values: Float32Array<ArrayBuffer>
}

type Options = { layout?: 'NCHW' | 'NHWC'; enableGraphCapture?: boolean }

/** Loads onnxruntime-web, which takes no part in anything else; one thread, since the page is not isolated from other origins. */
export async function openOnnxruntime(build: Build): Promise<Onnxruntime> {
  const ort = build === 'webgpu' ? await import('onnxruntime-web/webgpu') : await import('onnxruntime-web/all')
  ort.env.wasm.numThreads = 1
  ort.env.logLevel = 'fatal'
  return ort
}

export async function graphBytes(name: string): Promise<Uint8Array> {
  const response = await fetch(new URL(`./onnx/${name}.onnx`, import.meta.url))
  return new Uint8Array(await response.arrayBuffer())
}

/** A graph whose inputs and output y stay on the GPU, in buffers of their own. */
export class OnnxGraph {
  private constructor(
    private readonly session: InferenceSession,
    private readonly device: GPUDevice,
    private readonly feeds: Record<string, OnnxTensor>,
    private readonly fetches: { y: OnnxTensor },
  ) {}

  static async open(
    ort: Onnxruntime,
    { graph, inputs, dims }: { graph: string; inputs: Record<string, Values>; dims: number[] },
    { layout, ...options }: Options = {},
  ): Promise<OnnxGraph> {
    const session = await ort.InferenceSession.create(await graphBytes(graph), {
      ...options,
      executionProviders: [{ name: 'webgpu', ...(layout && { preferredLayout: layout }) }],
      preferredOutputLocation: 'gpu-buffer',
    })
    const device = (await ort.env.webgpu.device) as GPUDevice
    const usage = GPUBufferUsage.STORAGE | GPUBufferUsage.COPY_DST | GPUBufferUsage.COPY_SRC
    const allocate = (dims: number[]) => {
      const bytes = 4 * dims.reduce((product, extent) => product * extent, 1)
      const buffer = device.createBuffer({ size: Math.ceil(bytes / 16) * 16, usage })
      return ort.Tensor.fromGpuBuffer(buffer, { dataType: 'float32', dims })
    }
    const feeds = Object.entries(inputs).map(([key, { dims, values }]) => {
      const tensor = allocate(dims)
      device.queue.writeBuffer(tensor.gpuBuffer as GPUBuffer, 0, values)
      return [key, tensor] as const
    })
    return new OnnxGraph(session, device, Object.fromEntries(feeds), { y: allocate(dims) })
  }

  /** Runs it three times, of which a captured graph is replayed by the last two, and reads y. */
  async read(): Promise<Float32Array> {
    for (let run = 0; run < 3; run++) await this.session.run(this.feeds, this.fetches)
    const buffer = this.fetches.y.gpuBuffer as GPUBuffer
    const usage = GPUBufferUsage.MAP_READ | GPUBufferUsage.COPY_DST
    const staging = this.device.createBuffer({ size: buffer.size, usage })
    const encoder = this.device.createCommandEncoder()
    encoder.copyBufferToBuffer(buffer, 0, staging, 0, buffer.size)
    this.device.queue.submit([encoder.finish()])
    await staging.mapAsync(GPUMapMode.READ)
    const values = new Float32Array(staging.getMappedRange().slice(0))
    staging.destroy()
    return values
  }

  /** Milliseconds of a run, of many that are submitted one behind the other. */
  time(): Promise<Spread> {
    return repeated(async (count) => ({
      run: async () => {
        for (let i = 0; i < count; i++) await this.session.run(this.feeds, this.fetches)
        await this.device.queue.onSubmittedWorkDone()
      },
    }))
  }

  async dispose(): Promise<void> {
    await this.session.release()
    for (const { gpuBuffer } of [...Object.values(this.feeds), this.fetches.y]) (gpuBuffer as GPUBuffer).destroy()
  }
}
