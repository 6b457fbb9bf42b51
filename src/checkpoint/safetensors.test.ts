import { describe, expect, it } from 'vitest'
import { bytesSource } from './byteSource.ts'
import { parseHeader } from './safetensors.ts'
import { writeSafetensors } from './writeSafetensors.ts'

/** A file with this header text (or bytes) and `dataBytes` of data. */
function fileOf(header: string | Uint8Array, dataBytes = 0, headerLength?: bigint): Uint8Array {
  const text = typeof header === 'string' ? new TextEncoder().encode(header) : header
  const file = new Uint8Array(8 + text.length + dataBytes)
  new DataView(file.buffer).setBigUint64(0, headerLength ?? BigInt(text.length), true)
  file.set(text, 8)
  return file
}

const parse = (file: Uint8Array) => parseHeader(bytesSource('m.safetensors', file))
const entry = (shape: string, begin: number | string, end: number | string, dtype = 'F32') =>
  `{"dtype":"${dtype}","shape":${shape},"data_offsets":[${begin},${end}]}`

describe('parseHeader', () => {
  it('reads tensors in the order of their bytes, empty ones and scalars too', async () => {
    const header = `{"__metadata__":{"format":"pt"},"b":${entry('[2,3]', 4, 28)},"a":${entry('[]', 0, 4)},"none":${entry('[0,7]', 4, 4)}}   `
    const { tensors, metadata } = await parse(fileOf(header, 28))
    expect(metadata).toEqual(new Map([['format', 'pt']]))
    expect(tensors.map(({ name, shape, begin, end }) => [name, shape, begin, end])).toEqual([
      ['a', [], 8 + header.length, 12 + header.length],
      ['none', [0, 7], 12 + header.length, 12 + header.length],
      ['b', [2, 3], 12 + header.length, 36 + header.length],
    ])
  })

  it('reads names with escapes and in any script', async () => {
    const { tensors } = await parse(fileOf(`{"k\\u0065y \\"蜂\\"":${entry('[1]', 0, 4)}}`, 4))
    expect(tensors[0]!.name).toBe('key "蜂"')
  })

  it('reads what writeSafetensors writes', async () => {
    const file = writeSafetensors(
      {
        half: { dtype: 'F16', shape: [3], data: new Uint8Array(6) },
        ids: { shape: [2], data: Int32Array.of(5, -6) },
        x: { shape: [1, 2], data: Float32Array.of(1.5, -2) },
      },
      { note: 'ä' },
    )
    const { tensors, metadata } = await parse(file)
    expect(tensors.map(({ name, dtype, shape }) => [name, dtype, shape])).toEqual([
      ['ids', 'I32', [2]],
      ['x', 'F32', [1, 2]],
      ['half', 'F16', [3]],
    ])
    expect(metadata.get('note')).toBe('ä')
    const { begin, end } = tensors[1]!
    expect(begin % 8).toBe(0)
    expect(Array.from(new Float32Array(file.slice(begin, end).buffer))).toEqual([1.5, -2])
    expect(() => writeSafetensors({ x: { shape: [3], data: new Float32Array(2) } })).toThrow(
      /"x" of shape \[3\] .* 12 bytes, its data 8/,
    )
  })

  it.each([
    ['fewer than 8 bytes', new Uint8Array(7), /7 bytes, fewer than the 8/],
    ['a header longer than the file', fileOf('{}', 0, 3n), /header would have 3 bytes, the file has 10/],
    ['an absurd header length', fileOf('{}', 0, 2n ** 63n), /9223372036854775808 bytes, more than 100000000/],
    ['text that is not UTF-8', fileOf(Uint8Array.of(0x7b, 0x22, 0xff, 0x22, 0x7d)), /not UTF-8/],
    ['a byte order mark', fileOf('\uFEFF{}'), /a value is missing/],
    ['no JSON', fileOf('{"a":'), /tensor "a": a value is missing/],
    ['no object', fileOf('[]'), /no JSON object of tensors/],
    ['more after the end', fileOf('{} {}'), /more after the end/],
    ['a trailing comma', fileOf(`{"a":${entry('[1]', 0, 4)},}`, 4), /quotes is missing/],
    ['a control character in a name', fileOf('{"a\u0001":1}'), /control character/],
    ['deep nesting', fileOf(`{"a":${'['.repeat(5000)}`), /tensor "a": it is nested more than 16/],
    [
      'a duplicate tensor',
      fileOf(`{"a":${entry('[1]', 0, 4)},"a":${entry('[1]', 0, 4)}}`, 4),
      /the key "a" appears twice/,
    ],
    [
      'a duplicate tensor under an escape',
      fileOf(`{"a":${entry('[1]', 0, 4)},"\\u0061":${entry('[1]', 0, 4)}}`, 4),
      /the key "a" appears twice/,
    ],
    [
      'a duplicate field',
      fileOf('{"w":{"dtype":"F32","dtype":"F16","shape":[1],"data_offsets":[0,2]}}', 2),
      /tensor "w": the key "dtype" appears twice/,
    ],
    ['__proto__', fileOf(`{"__proto__":${entry('[1]', 0, 4)}}`, 4), /"__proto__" is not allowed/],
    ['__proto__ inside a tensor', fileOf('{"w":{"__proto__":1}}'), /tensor "w": the key "__proto__"/],
    ['metadata that is no text', fileOf('{"__metadata__":{"a":1}}'), /__metadata__ "a" is no text/],
    ['metadata that is a list', fileOf('{"__metadata__":[]}'), /__metadata__ is no object/],
    ['an entry that is no object', fileOf('{"w":3}'), /tensor "w": its entry is no object/],
    [
      'an unknown field',
      fileOf('{"w":{"dtype":"F32","shape":[],"data_offsets":[0,4],"x":1}}', 4),
      /tensor "w": unknown field "x"/,
    ],
    [
      'an unknown dtype',
      fileOf(`{"w":${entry('[1]', 0, 4, 'Q4')}}`, 4),
      /tensor "w": dtype "Q4" is not known; known are BOOL.*F32/,
    ],
    ['the dtype toString', fileOf(`{"w":${entry('[1]', 0, 4, 'toString')}}`, 4), /dtype "toString" is not known/],
    ['no dtype', fileOf('{"w":{"shape":[1],"data_offsets":[0,4]}}', 4), /tensor "w": dtype \(missing\)/],
    ['no shape', fileOf('{"w":{"dtype":"F32","data_offsets":[0,4]}}', 4), /tensor "w": shape \(missing\) is no list/],
    [
      'one offset',
      fileOf('{"w":{"dtype":"F32","shape":[1],"data_offsets":[4]}}', 4),
      /tensor "w": data_offsets is no pair/,
    ],
    ['a negative size', fileOf(`{"w":${entry('[-1]', 0, 4)}}`, 4), /tensor "w": shape\[0\] is -1, not a whole number/],
    ['a fractional size', fileOf(`{"w":${entry('[2,1.5]', 0, 12)}}`, 12), /tensor "w": shape\[1\] is 1.5/],
    ['an exponent', fileOf(`{"w":${entry('[1e1]', 0, 40)}}`, 40), /tensor "w": shape\[0\] is 1e1/],
    ['a size as text', fileOf(`{"w":${entry('["1"]', 0, 4)}}`, 4), /tensor "w": shape\[0\] is no number/],
    [
      'a size over 2^53',
      fileOf(`{"w":${entry('[9007199254740993]', 0, 4)}}`, 4),
      /tensor "w": shape\[0\] is 9007199254740993, beyond 2\^53/,
    ],
    [
      'an offset over 2^53',
      fileOf(`{"w":${entry('[1]', '9007199254740993', '9007199254740997')}}`, 4),
      /data_offsets\[0\] is 9007199254740993, beyond/,
    ],
    [
      'a product over 2^53',
      fileOf(`{"w":${entry('[4294967296,4294967296]', 0, 4)}}`, 4),
      /tensor "w": shape .* more than 2\^53 bytes/,
    ],
    [
      'offsets that run backwards',
      fileOf(`{"w":${entry('[1]', 4, 0)}}`, 4),
      /tensor "w": data_offsets \[4, 0\] end before/,
    ],
    [
      'a shape that does not fit its bytes',
      fileOf(`{"w":${entry('[2,2]', 0, 12)}}`, 12),
      /tensor "w": shape \[2,2\] of F32 needs 16 bytes, .* span 12/,
    ],
    [
      'a file cut short',
      fileOf(`{"w":${entry('[4]', 0, 16)}}`, 12),
      /tensor "w": its bytes end at \d+ but the file has only \d+; the file is cut short/,
    ],
    [
      'an overlap',
      fileOf(`{"a":${entry('[2]', 0, 8)},"b":${entry('[2]', 4, 12)}}`, 12),
      /tensor "b" overlaps "a" by 4 bytes/,
    ],
    [
      'a hole',
      fileOf(`{"a":${entry('[1]', 0, 4)},"b":${entry('[1]', 8, 12)}}`, 12),
      /tensor "b": there is a hole of 4 bytes after "a"/,
    ],
    [
      'a hole at the start',
      fileOf(`{"a":${entry('[1]', 4, 8)}}`, 8),
      /tensor "a": there is a hole of 4 bytes at the start/,
    ],
    ['bytes that belong to none', fileOf(`{"a":${entry('[1]', 0, 4)}}`, 9), /5 bytes follow the last tensor, "a"/],
    ['bytes without tensors', fileOf('{}', 3), /3 bytes follow the header, which names no tensor/],
  ])('refuses %s', async (_, file, message) => {
    await expect(parse(file)).rejects.toMatchObject({ code: 'bad-checkpoint', message: expect.stringMatching(message) })
  })
})
