import { describe, expect, it } from 'vitest'
import { upload } from '../tensor/execute.ts'
import type { Pass } from '../tensor/pass.ts'
import type { Tensor } from '../tensor/tensor.ts'
import { checkGradients } from '../testing/checkGradients.ts'
import { checkOp } from '../testing/checkOp.ts'
import { newCursor } from './cursor.ts'
import { rotary, rotaryFused, rotaryToCache } from './rotary.ts'

/** The angles' own error is 2^-25 turns; what is left is the rounding of x, cos and sin. */
const tolerance = { f32: 5e-7, f16: 1e-3 }

describe('rotary', () => {
  const cases = [
    { rows: 1, heads: 1, headWidth: 2, position: 0, theta: 1e4 },
    { rows: 3, heads: 7, headWidth: 6, position: 5, theta: 1e4 },
    { rows: 88, heads: 4, headWidth: 64, position: 0, theta: 1e4 },
    { rows: 2, heads: 3, headWidth: 96, position: 32767, theta: 1e6 },
    { rows: 2, heads: 1, headWidth: 128, position: 999_999, theta: 5e5 },
  ]
  for (const back of [false, true])
    checkOp(back ? 'rotary back' : 'rotary', {
      cases,
      inputs: ({ rows, heads, headWidth }) => ({ x: { shape: [rows, heads * headWidth], activation: true } }),
      run: (pass, { x }, c) => ({ y: rotary(pass, { x: x!, cursor: cursorAt(pass, c.position) }, { ...c, back }) }),
      reference: ({ x }, c) => ({ y: turn(x!, c, back ? -1 : 1) }),
      tolerance,
    })
})

describe('rotaryToCache', () => {
  checkOp('rotaryToCache', {
    cases: [
      { rows: 1, heads: 1, kvHeads: 1, headWidth: 2, position: 0, capacity: 1, theta: 1e4 },
      { rows: 3, heads: 6, kvHeads: 2, headWidth: 10, position: 4, capacity: 9, theta: 1e4 },
      { rows: 5, heads: 2, kvHeads: 1, headWidth: 4, position: 30000, capacity: 30003, theta: 1e6 },
    ],
    inputs: ({ rows, heads, kvHeads, headWidth, capacity }) => ({
      qkv: { shape: [rows, (heads + 2 * kvHeads) * headWidth], activation: true },
      keys: { shape: [capacity, kvHeads * headWidth], activation: true },
      values: { shape: [capacity, kvHeads * headWidth], activation: true },
    }),
    run: (pass, { qkv, keys, values }, c) => {
      const caches = { keys: keys!, values: values! }
      const q = rotaryToCache(pass, { qkv: qkv!, cursor: cursorAt(pass, c.position), ...caches }, c)
      return { q, ...caches }
    },
    reference: ({ qkv, keys, values }, c) => {
      const { rows, heads, kvHeads, headWidth, position } = c
      const pick = (first: number, count: number) => {
        const stride = (heads + 2 * kvHeads) * headWidth
        const part = Array.from({ length: rows }, (_, t) => {
          const start = t * stride + first * headWidth
          return [...qkv!.subarray(start, start + count * headWidth)]
        })
        return Float64Array.from(part.flat())
      }
      const into = (cache: Float64Array, fresh: Float64Array) => {
        const start = position * kvHeads * headWidth
        return cache.map((old, i) => fresh[i - start] ?? old)
      }
      return {
        q: turn(pick(0, heads), c),
        keys: into(keys!, turn(pick(heads, kvHeads), { ...c, heads: kvHeads })),
        values: into(values!, pick(heads + kvHeads, kvHeads)),
      }
    },
    tolerance,
  })

  it('says which widths do not fit', () => {
    const tensor = (shape: number[]) => ({ shape, type: 'f32' }) as unknown as Tensor
    const inputs = { qkv: tensor([1, 60]), cursor: tensor([8]), keys: tensor([4, 16]), values: tensor([4, 16]) }
    const options = { heads: 4, kvHeads: 2, headWidth: 8, theta: 1e4 }
    expect(() => rotaryToCache({} as Pass, inputs, options)).toThrow('has width 60, 4 + 2 · 2 heads of 8 need 64')
  })
})

describe('rotaryFused', () => {
  const cases = [
    { sequences: 1, rows: 1, heads: 1, kvHeads: 1, headWidth: 2, theta: 1e4 },
    { sequences: 3, rows: 4, heads: 6, kvHeads: 2, headWidth: 10, theta: 1e4 },
    { sequences: 2, rows: 9, heads: 2, kvHeads: 1, headWidth: 96, theta: 1e6 },
  ]
  type Case = (typeof cases)[number]
  const inputs = ({ sequences, rows, heads, kvHeads, headWidth }: Case) => ({
    qkv: { shape: [sequences, rows, (heads + 2 * kvHeads) * headWidth], activation: true },
  })
  const reference = ({ qkv }: Record<string, Float64Array>, { sequences, heads, kvHeads, headWidth, theta }: Case) => {
    const allHeads = heads + 2 * kvHeads
    const length = qkv!.length / sequences
    const parts = Array.from({ length: sequences }, (_, i) => {
      const part = qkv!.subarray(i * length, (i + 1) * length)
      const turned = turn(part, { heads: allHeads, headWidth, position: 0, theta })
      return [...turned.map((y, at) => (Math.floor(at / headWidth) % allHeads < heads + kvHeads ? y : part[at]!))]
    })
    return { y: Float64Array.from(parts.flat()) }
  }
  checkOp('rotaryFused', {
    cases,
    inputs,
    reference,
    run: (pass, { qkv }, c) => ({ y: rotaryFused(pass, { qkv: qkv! }, c) }),
    tolerance,
  })
  checkGradients('rotaryFused', {
    cases,
    inputs,
    reference,
    run: (pass, { qkv }, c) => rotaryFused(pass, { qkv: qkv! }, c),
    wrt: ['qkv'],
  })

  it('says which rows do not fit', () => {
    const qkv = { shape: [7, 64], type: 'f32' } as unknown as Tensor
    const run = () => rotaryFused({} as Pass, { qkv }, { sequences: 2, heads: 4, kvHeads: 2, headWidth: 8, theta: 1e4 })
    expect(run).toThrow('the 7 rows of qkv do not fall evenly on 2 sequences')
  })
})

function cursorAt(pass: Pass, position: number): Tensor {
  const cursor = newCursor(pass.gpu)
  upload(pass.gpu, cursor, Uint32Array.of(position))
  return cursor
}

/** The definition in f64. */
function turn(
  x: Float64Array,
  { heads, headWidth, position, theta }: { heads: number; headWidth: number; position: number; theta: number },
  sign = 1,
): Float64Array {
  const half = headWidth / 2
  return x.map((value, at) => {
    const i = at % headWidth
    const angle = (position + Math.floor(at / (heads * headWidth))) * theta ** (-(i % half) / half)
    return i < half
      ? value * Math.cos(angle) - sign * x[at + half]! * Math.sin(angle)
      : value * Math.cos(angle) + sign * x[at - half]! * Math.sin(angle)
  })
}
