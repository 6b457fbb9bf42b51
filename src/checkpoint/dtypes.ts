import { BeagleError } from '../errors.ts'

/** The element types of safetensors and their bytes. */
export const dtypeBytes = {
  BOOL: 1,
  U8: 1,
  I8: 1,
  F8_E5M2: 1,
  F8_E4M3: 1,
  I16: 2,
  U16: 2,
  F16: 2,
  BF16: 2,
  I32: 4,
  U32: 4,
  F32: 4,
  F64: 8,
  I64: 8,
  U64: 8,
} as const

export type Dtype = keyof typeof dtypeBytes

export function isDtype(text: string): text is Dtype {
  return Object.hasOwn(dtypeBytes, text)
}

/** Typed arrays need aligned memory; bytes that come out of the middle of a file may not be. */
function aligned(bytes: Uint8Array, elementBytes: number): Uint8Array {
  return bytes.byteOffset % elementBytes === 0 ? bytes : bytes.slice()
}

/** f16 bit patterns to f32, subnormals and infinities included. */
function halfToFloat(half: number): number {
  const sign = half & 0x8000 ? -1 : 1
  const exponent = (half >> 10) & 31
  const fraction = half & 1023
  if (exponent === 0) return sign * fraction * 2 ** -24
  if (exponent === 31) return fraction ? Number.NaN : sign * Number.POSITIVE_INFINITY
  return sign * (1 + fraction / 1024) * 2 ** (exponent - 15)
}

let halfTable: Float32Array | undefined

function halfValues(): Float32Array {
  halfTable ??= Float32Array.from({ length: 65536 }, (_, bits) => halfToFloat(bits))
  return halfTable
}

/**
 * Little-endian elements as f32: F32 is taken as it is, F16 and BF16 are widened exactly, F64 and integers are rounded.
 * Throws `bad-checkpoint` for types that no weight has (F8, BOOL, 64-bit integers).
 */
export function toFloat32(bytes: Uint8Array, dtype: Dtype): Float32Array<ArrayBuffer> {
  const data = aligned(bytes, dtypeBytes[dtype])
  const { buffer, byteOffset } = data
  const length = data.length / dtypeBytes[dtype]
  switch (dtype) {
    case 'F32':
      return new Float32Array(buffer as ArrayBuffer, byteOffset, length)
    case 'F16': {
      const table = halfValues()
      const halves = new Uint16Array(buffer, byteOffset, length)
      const values = new Float32Array(length)
      for (let i = 0; i < length; i++) values[i] = table[halves[i]!]!
      return values
    }
    case 'BF16': {
      const upper = new Uint16Array(buffer, byteOffset, length)
      const bits = new Uint32Array(length)
      for (let i = 0; i < length; i++) bits[i] = upper[i]! << 16
      return new Float32Array(bits.buffer)
    }
    case 'F64':
      return Float32Array.from(new Float64Array(buffer, byteOffset, length))
    case 'U8':
      return Float32Array.from(data)
    case 'I8':
      return Float32Array.from(new Int8Array(buffer, byteOffset, length))
    case 'I16':
      return Float32Array.from(new Int16Array(buffer, byteOffset, length))
    case 'U16':
      return Float32Array.from(new Uint16Array(buffer, byteOffset, length))
    case 'I32':
      return Float32Array.from(new Int32Array(buffer, byteOffset, length))
    case 'U32':
      return Float32Array.from(new Uint32Array(buffer, byteOffset, length))
    default:
      throw new BeagleError(
        'bad-checkpoint',
        `Weights stored as ${dtype} cannot be used; F32, F16 and BF16 can. Convert the checkpoint to one of them.`,
      )
  }
}
