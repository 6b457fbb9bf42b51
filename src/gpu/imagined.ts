import type { Gpu } from './device.ts'

/**
 * A device that computes nothing and allocates nothing but keeps the books of `gpu`: a pass that is built on it tells what memory
 * the same pass takes on the real one. Its passes cannot be submitted.
 */
export function imaginedGpu(gpu: Gpu): Gpu {
  const device = {
    limits: gpu.device.limits,
    createBuffer: ({ size, label }: GPUBufferDescriptor) => ({ size, label, destroy() {} }),
    pushErrorScope() {},
    popErrorScope: async () => null,
    queue: { writeBuffer() {} },
  } as unknown as GPUDevice
  const nothingCompiled = { get: () => undefined }
  return Object.create(gpu, {
    device: { value: device },
    memory: { value: gpu.memory.imagined(device) },
    kernels: { value: nothingCompiled },
  })
}
