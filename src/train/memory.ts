import { BeagleError } from '../errors.ts'
import type { Gpu } from '../gpu/device.ts'
import { imaginedGpu } from '../gpu/imagined.ts'
import type { TeachMemory } from '../teachApi.ts'
import { Pass } from '../tensor/pass.ts'

const megabytes = (bytes: number) => `${(bytes / 1e6).toFixed(bytes < 1e7 ? 1 : 0)} MB`

/** Activations beyond this are computed again rather than kept, unless the caller says otherwise. */
const keepUpTo = 1.5e9

export interface Need {
  /** Builds the passes of the batches, by a device that only keeps the books. */
  passes: (gpu: Gpu, recompute: boolean) => ((pass: Pass) => void)[]
  parameters: number
  features: number
  /** Bytes of parameters and features that are on the GPU already. */
  present: number
  recompute: 'auto' | 'always' | 'never'
  /** Most bytes in all; 0 for as much as the device gives. */
  limit: number
}

/** What a training will take on the GPU, from building its passes without running them. */
export function forecast(gpu: Gpu, { passes, parameters, features, present, recompute, limit }: Need): TeachMemory {
  const before = gpu.memory.total - present
  const rest = before + parameters + features
  const plan = (again: boolean): TeachMemory => {
    const imagined = imaginedGpu(gpu)
    for (const body of passes(imagined, again)) {
      const pass = new Pass(imagined, 'forecast')
      body(pass)
      pass.end()
    }
    const activations = imagined.memory.total - gpu.memory.total
    return { before, features, parameters, activations, total: rest + activations, recompute: again }
  }
  if (recompute !== 'auto') return plan(recompute === 'always')
  const kept = plan(false)
  const fits = kept.activations <= keepUpTo && (limit === 0 || kept.total <= limit)
  return fits ? kept : plan(true)
}

/** Throws `out-of-memory`, with the figures, where the forecast is above the limit or the device does not give as much. */
export async function reserve(gpu: Gpu, memory: TeachMemory, limit: number): Promise<void> {
  const { before, features, parameters, activations, total } = memory
  const refuse = (why: string) => {
    const parts = `${megabytes(before)} are in use, features take ${megabytes(features)}, the projector with its moments ${megabytes(parameters)}, activations ${megabytes(activations)}`
    throw new BeagleError(
      'out-of-memory',
      `This training needs ${megabytes(total)} on the GPU (${parts}), ${why}. Take a smaller batch, shorter conversations, recompute "always", or smaller weights.`,
    )
  }
  if (limit > 0 && total > limit) refuse(`${megabytes(limit)} are allowed`)
  const largest = Math.min(256e6, gpu.device.limits.maxBufferSize)
  const probes: GPUBuffer[] = []
  gpu.device.pushErrorScope('out-of-memory')
  for (let left = total - gpu.memory.total; left > 0; left -= largest) {
    const size = Math.ceil(Math.min(left, largest) / 4) * 4
    probes.push(gpu.device.createBuffer({ label: 'probe', size, usage: GPUBufferUsage.STORAGE }))
  }
  const error = await gpu.device.popErrorScope()
  for (const probe of probes) probe.destroy()
  if (error) refuse('which the device does not give')
}
