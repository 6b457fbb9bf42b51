/** Element type of a tensor in GPU memory. */
export type ElementType = 'f32' | 'f16' | 'u32'

/** A dense row-major array in GPU memory, starting at the beginning of its buffer. Plain data: whoever made it owns the buffer. */
export interface Tensor {
  readonly buffer: GPUBuffer
  readonly shape: readonly number[]
  readonly type: ElementType
}

/** Number of elements of a shape; 1 for a scalar. */
export function sizeOf(shape: readonly number[]): number {
  return shape.reduce((product, extent) => product * extent, 1)
}

/** Bytes that `shape` takes on the GPU, rounded up to 16 so that a buffer can also be bound as `vec4` arrays. */
export function bytesOf(shape: readonly number[], type: ElementType): number {
  return Math.max(16, Math.ceil((sizeOf(shape) * (type === 'f16' ? 2 : 4)) / 16) * 16)
}

/** The last extent of a shape: the width of its rows. */
export function widthOf(tensor: Tensor): number {
  return tensor.shape[tensor.shape.length - 1] ?? 1
}

/** The product of all extents but the last. */
export function rowsOf(tensor: Tensor): number {
  return sizeOf(tensor.shape) / Math.max(1, widthOf(tensor))
}
