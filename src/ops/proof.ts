import { BeagleError } from '../errors.ts'
import type { Gpu } from '../gpu/device.ts'
import type { Storage } from '../gpu/wgsl.ts'
import { execute, stateTensor, upload } from '../tensor/execute.ts'
import type { ElementType, Tensor } from '../tensor/tensor.ts'
import type { Weight } from '../tensor/weight.ts'
import { allocateWeight, convert } from './convert.ts'

const tolerance = 1e-3

/**
 * Proves that what `errorOf` runs on the device is right. Where it is not, the paths that it takes are put back to the plain ones, one
 * after the other; throws `wrong-result` when it is wrong even so.
 */
export async function prove(
  gpu: Gpu,
  paths: readonly (keyof Gpu['paths'])[],
  what: string,
  errorOf: () => Promise<number>,
): Promise<void> {
  let error = await errorOf()
  for (const path of paths) {
    if (error <= tolerance) return
    if (gpu.paths[path] === 'plain') continue
    gpu.paths[path] = 'plain'
    error = await errorOf()
  }
  if (error <= tolerance) return
  throw new BeagleError(
    'wrong-result',
    `This device computes ${what} wrongly (off by ${error.toPrecision(2)}). Update the graphics driver or the browser, or try another browser.`,
  )
}

/** The larger magnitude; anything that is no number counts as infinite. */
export const larger = (worst: number, error: number): number =>
  Math.max(worst, Number.isFinite(error) ? Math.abs(error) : Number.POSITIVE_INFINITY)

/** Small numbers in [-1, 1], the same on every device. */
export const wave = (count: number, step: number): Float32Array<ArrayBuffer> =>
  Float32Array.from({ length: count }, (_, i) => Math.sin(i * step + 0.3))

/** A matrix that the storage holds without rounding: whole multiples of a power of two, the largest in every block. */
function exactMatrix(storage: Storage, count: number): Float32Array<ArrayBuffer> {
  const [low, high, unit] = storage === 'q4' ? [-8, 7, 1 / 8] : [-127, 127, 1 / 128]
  return Float32Array.from({ length: count }, (_, i) => {
    if (i % 32 === 0) return (storage === 'q4' ? low : high) * unit
    return Math.round(low + (high - low) * (0.5 + 0.5 * Math.sin(i * 0.7))) * unit
  })
}

/** What proofs put on a device, until they are through. */
export class Samples {
  private readonly buffers: GPUBuffer[] = []

  constructor(private readonly gpu: Gpu) {}

  put(shape: readonly number[], values: Float32Array | Uint32Array, type: ElementType = 'f32'): Tensor {
    const tensor = stateTensor(this.gpu, 'self-test', shape, type)
    upload(this.gpu, tensor, values)
    this.buffers.push(tensor.buffer)
    return tensor
  }

  /** A weight [outs, cols] whose values are exactly `matrix`, row-major. */
  async weight(storage: Storage, outs: number, cols: number): Promise<{ weight: Weight; matrix: Float32Array }> {
    const matrix = exactMatrix(storage, outs * cols)
    const weight = allocateWeight(this.gpu, 'self-test', outs, cols, storage)
    for (const part of weight.parts) this.buffers.push(part.weight, ...(part.scales ? [part.scales] : []))
    const source = this.put([outs * cols], matrix)
    await execute(this.gpu, 'self-test convert', (pass) =>
      convert(pass, { source, weight }, { dtype: 'F32', firstRow: 0, rows: outs }),
    )
    return { weight, matrix }
  }

  dispose(): void {
    for (const buffer of this.buffers.splice(0)) this.gpu.memory.destroy(buffer)
  }
}
