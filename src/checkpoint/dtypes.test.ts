import { describe, expect, it } from 'vitest'
import { toFloat32 } from './dtypes.ts'

const bytes = (array: ArrayBufferView) => new Uint8Array(array.buffer, array.byteOffset, array.byteLength)

describe('toFloat32', () => {
  it('widens F16 exactly: normal, subnormal, signed zero, infinite, NaN', () => {
    const halves = Uint16Array.of(0x3c00, 0xc000, 0x3555, 0x0001, 0x83ff, 0x8000, 0x7bff, 0x7c00, 0xfc00, 0x7e00)
    expect(Array.from(toFloat32(bytes(halves), 'F16'))).toEqual([
      1,
      -2,
      0.333251953125,
      2 ** -24,
      -1023 * 2 ** -24,
      -0,
      65504,
      Number.POSITIVE_INFINITY,
      Number.NEGATIVE_INFINITY,
      Number.NaN,
    ])
  })

  it('widens BF16 exactly', () => {
    expect(Array.from(toFloat32(bytes(Uint16Array.of(0x3f80, 0xc040, 0x0080, 0xff80)), 'BF16'))).toEqual([
      1,
      -3,
      2 ** -126,
      Number.NEGATIVE_INFINITY,
    ])
  })

  it('takes F32 without a copy and copies where the bytes are not aligned', () => {
    const values = Float32Array.of(1.5, -2.25)
    expect(toFloat32(bytes(values), 'F32').buffer).toBe(values.buffer)
    const shifted = new Uint8Array(9)
    shifted.set(bytes(values), 1)
    expect(Array.from(toFloat32(shifted.subarray(1), 'F32'))).toEqual([1.5, -2.25])
  })

  it('rounds doubles and reads integers', () => {
    expect(toFloat32(bytes(Float64Array.of(0.1)), 'F64')[0]).toBe(Math.fround(0.1))
    expect(Array.from(toFloat32(bytes(Int8Array.of(-128, 3)), 'I8'))).toEqual([-128, 3])
    expect(Array.from(toFloat32(bytes(Int32Array.of(-70000)), 'I32'))).toEqual([-70000])
    expect(Array.from(toFloat32(bytes(Uint16Array.of(65535)), 'U16'))).toEqual([65535])
  })

  it('refuses types that no weight has', () => {
    expect(() => toFloat32(new Uint8Array(1), 'F8_E4M3')).toThrow(/F8_E4M3 cannot be used; F32, F16 and BF16 can/)
  })
})
