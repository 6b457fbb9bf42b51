import { BeagleError } from '../errors.ts'
import { type Dtype, dtypeBytes } from './dtypes.ts'

/** A tensor to be written: typed arrays carry their type; raw little-endian bytes state it. */
export type TensorToWrite =
  | { shape: readonly number[]; data: Float32Array | Int32Array }
  | { shape: readonly number[]; data: Uint8Array; dtype: Dtype }

function bytesOf(tensor: TensorToWrite): { dtype: Dtype; bytes: Uint8Array } {
  const { data } = tensor
  const bytes = new Uint8Array(data.buffer, data.byteOffset, data.byteLength)
  if ('dtype' in tensor) return { dtype: tensor.dtype, bytes }
  return { dtype: data instanceof Float32Array ? 'F32' : 'I32', bytes }
}

/**
 * A safetensors file. Larger elements come first and names in order within a size, so that every tensor is aligned, as the
 * reference implementation writes it. Throws `bad-argument` where shape and data differ.
 */
export function writeSafetensors(
  tensors: Readonly<Record<string, TensorToWrite>>,
  metadata?: Readonly<Record<string, string>>,
): Uint8Array<ArrayBuffer> {
  const entries = Object.entries(tensors).map(([name, tensor]) => ({ name, shape: tensor.shape, ...bytesOf(tensor) }))
  for (const { name, shape, dtype, bytes } of entries) {
    const needed = shape.reduce((product, size) => product * size, 1) * dtypeBytes[dtype]
    if (needed !== bytes.length) {
      throw new BeagleError(
        'bad-argument',
        `writeSafetensors: "${name}" of shape [${shape}] and type ${dtype} has ${needed} bytes, its data ${bytes.length}.`,
      )
    }
  }
  entries.sort((a, b) => dtypeBytes[b.dtype] - dtypeBytes[a.dtype] || (a.name < b.name ? -1 : a.name > b.name ? 1 : 0))
  const header: [string, unknown][] = metadata ? [['__metadata__', metadata]] : []
  let end = 0
  for (const { name, shape, dtype, bytes } of entries) {
    header.push([name, { dtype, shape, data_offsets: [end, end + bytes.length] }])
    end += bytes.length
  }
  const json = new TextEncoder().encode(JSON.stringify(Object.fromEntries(header)))
  const headerBytes = Math.ceil(json.length / 8) * 8
  const file = new Uint8Array(8 + headerBytes + end)
  new DataView(file.buffer).setBigUint64(0, BigInt(headerBytes), true)
  file.fill(0x20, 8, 8 + headerBytes)
  file.set(json, 8)
  let at = 8 + headerBytes
  for (const { bytes } of entries) {
    file.set(bytes, at)
    at += bytes.length
  }
  return file
}
