import { afterAll, vi } from 'vitest'
import { nodeGpu } from '../gpu/dawn.node.ts'

/** Node's GPU as it is for the tests, and how adapters come without the sharing. */
export type TestGpu = GPU & { unshared?: GPU['requestAdapter'] }

/**
 * Gives all models of a test process one device that compiles equal kernels once: on a CPU that is most of the time of a load.
 * Destroying it does nothing.
 */
function shareDevice(gpu: TestGpu): void {
  if (gpu.unshared) return
  const unshared = gpu.requestAdapter.bind(gpu)
  let shared: Promise<GPUDevice> | undefined
  gpu.unshared = unshared
  gpu.requestAdapter = async (options) => {
    const adapter = await unshared(options)
    if (!adapter) return null
    const requestDevice = adapter.requestDevice.bind(adapter)
    adapter.requestDevice = (descriptor) => {
      shared ??= requestDevice(descriptor).then(compileOnce)
      return shared
    }
    return adapter
  }
}

function compileOnce(device: GPUDevice): GPUDevice {
  const modules = new Map<string, GPUShaderModule>()
  const pipelines = new Map<GPUShaderModule, Map<string, Promise<GPUComputePipeline>>>()
  const createModule = device.createShaderModule.bind(device)
  const createPipeline = device.createComputePipelineAsync.bind(device)
  return Object.assign(device, {
    destroy: () => {},
    createShaderModule: (descriptor: GPUShaderModuleDescriptor) => {
      const known = modules.get(descriptor.code) ?? createModule(descriptor)
      modules.set(descriptor.code, known)
      return known
    },
    createComputePipelineAsync: (descriptor: GPUComputePipelineDescriptor) => {
      const { module, entryPoint, constants } = descriptor.compute
      const ofModule = pipelines.get(module) ?? new Map<string, Promise<GPUComputePipeline>>()
      pipelines.set(module, ofModule)
      const key = `${entryPoint} ${JSON.stringify(constants)}`
      const known = ofModule.get(key) ?? createPipeline(descriptor)
      ofModule.set(key, known)
      return known
    },
  })
}

shareDevice(nodeGpu())

// The files of a process share its globals: none leaves clocks or stubs behind.
afterAll(() => {
  vi.useRealTimers()
  vi.unstubAllGlobals()
})
