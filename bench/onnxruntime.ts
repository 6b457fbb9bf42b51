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

/** A graph whose inputs and output y stay on the GPU. */
export class OnnxGraph {
  private constructor(
    private readonly session: InferenceSession,
    private readonly device: GPUDevice,
    private readonly feeds: Record<string, OnnxTensor>,
    private readonly buffers: GPUBuffer[],
  ) {}

  static async open(
    ort: Onnxruntime,
    name: string,
    inputs: Record<string, Values>,
    options: Omit<InferenceSession.SessionOptions, 'executionProviders'> & { layout?: 'NCHW' | 'NHWC' } = {},
  ): Promise<OnnxGraph> {
    const { layout, ...rest } = options
    const session = await ort.InferenceSession.create(await graphBytes(name), {
      ...rest,
      executionProviders: [{ name: 'webgpu', ...(layout && { preferredLayout: layout }) }],
      preferredOutputLocation: 'gpu-buffer',
    })
    const device = (await ort.env.webgpu.device) as GPUDevice
    const usage = GPUBufferUsage.STORAGE | GPUBufferUsage.COPY_DST | GPUBufferUsage.COPY_SRC
    const buffers: GPUBuffer[] = []
    const feeds = Object.entries(inputs).map(([key, { dims, values }]) => {
      const buffer = device.createBuffer({ size: Math.ceil(values.byteLength / 16) * 16, usage })
      buffers.push(buffer)
      device.queue.writeBuffer(buffer, 0, values)
      return [key, ort.Tensor.fromGpuBuffer(buffer, { dataType: 'float32', dims })] as const
    })
    return new OnnxGraph(session, device, Object.fromEntries(feeds), buffers)
  }

  async read(): Promise<Float32Array> {
    const { y } = await this.session.run(this.feeds)
    const values = (await y!.getData()) as Float32Array
    y!.dispose()
    return values
  }

  /** Milliseconds of a run, of many that are submitted one behind the other. */
  time(): Promise<Spread> {
    return repeated(async (count) => ({
      run: async () => {
        for (let i = 0; i < count; i++) (await this.session.run(this.feeds)).y!.dispose()
        await this.device.queue.onSubmittedWorkDone()
      },
    }))
  }

  async dispose(): Promise<void> {
    await this.session.release()
    for (const buffer of this.buffers) buffer.destroy()
  }
}
