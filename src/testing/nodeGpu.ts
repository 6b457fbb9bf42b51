import { nodeGpu } from '../gpu/dawn.node.ts'
import type { TestGpu } from './setup.ts'

export { nodeGpu }

/** The adapter that the tests run on; its absence is an error that says what to install. */
export async function nodeAdapter(): Promise<GPUAdapter> {
  const adapter = await nodeGpu().requestAdapter()
  if (adapter) return adapter
  throw new Error(
    'No WebGPU adapter in Node. Install a Vulkan driver (Debian: libvulkan1 with mesa-vulkan-drivers 25 or newer), or Chromium for its SwiftShader.',
  )
}

/** An entry point whose devices are their caller's alone, to be destroyed. */
export function unsharedGpu(): GPU {
  const entry = nodeGpu() as TestGpu
  const requestAdapter = entry.unshared ?? entry.requestAdapter.bind(entry)
  return { requestAdapter } as GPU
}
