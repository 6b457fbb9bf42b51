import { BeagleError } from '../errors.ts'
import type { Activation } from '../gpu/wgsl.ts'
import type { Tensor } from '../tensor/tensor.ts'

/** Throws `bad-argument` unless `condition` holds; the message must say what was expected and what was found. */
export function require(condition: boolean, message: () => string): asserts condition {
  if (!condition) throw new BeagleError('bad-argument', message())
}

/** The activation type of tensors that a kernel reads and writes together; they must agree. */
export function activationOf(op: string, ...tensors: Tensor[]): Activation {
  const type = tensors[0]!.type
  const other = tensors.find((tensor) => tensor.type !== type)
  require(!other, () => `${op}: activations must be of one type, found ${type} and ${other!.type}`)
  require(type !== 'u32', () => `${op}: activations must be f32 or f16, found u32`)
  return type
}
