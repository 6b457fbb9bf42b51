import { describe, expect, it } from 'vitest'
import type { Path } from '../gpu/device.ts'
import { stateTensor, upload } from '../tensor/execute.ts'
import { Pass } from '../tensor/pass.ts'
import { Tape } from '../tensor/tape.ts'
import type { Tensor } from '../tensor/tensor.ts'
import { attentionReference, type Operand } from '../testing/attention.ts'
import { checkGradients, type GradientCheck, sums } from '../testing/checkGradients.ts'
import { hardNumbers } from '../testing/hardNumbers.ts'
import { testGpu } from '../testing/testGpu.ts'
import { attention } from './attention.ts'
import { newCursor } from './cursor.ts'

const gpu = await testGpu()
const paths: Path[] = gpu.abilities.shuffle ? ['plain', 'shuffled'] : ['plain']

describe('gradients of attention', () => {
  const tiny = { images: 1, rows: 1, heads: 1, kvHeads: 1, headWidth: 1, causal: true }
  const parts = { images: 3, rows: 9, heads: 4, kvHeads: 2, headWidth: 36, causal: true }
  const groups = { images: 1, rows: 19, heads: 7, kvHeads: 1, headWidth: 64, causal: false }
  const long = { images: 1, rows: 130, heads: 1, kvHeads: 1, headWidth: 4, causal: true }
  const wide = { images: 1, rows: 3, heads: 2, kvHeads: 1, headWidth: 128, causal: false }
  const onAll = (...all: Parts[]): Case[] => all.flatMap((c) => paths.map((path) => ({ ...c, path })))
  const on = (path: Path, ...all: Parts[]): Case[] => onAll(...all).filter((c) => c.path === path)
  const ofFused = (all: Case[], more: Partial<GradientCheck<Case>> = {}) =>
    checkGradients('attention on fused qkv', {
      cases: all,
      inputs: (c) => ({ qkv: { shape: [c.images * c.rows, fusedOffsets(c).width], activation: true } }),
      run: (pass, { qkv }, c) => attention(pass, { q: qkv!, k: qkv!, v: qkv! }, { ...c, offsets: fusedOffsets(c) }),
      reference: ({ qkv }, c) => {
        const { q, k, v, width } = fusedOffsets(c)
        const operand = (offset: number) => ({ values: qkv!, stride: width, offset })
        return inParts({ q: operand(q), k: operand(k), v: operand(v) }, c)
      },
      wrt: ['qkv'],
      peak: 3,
      ...more,
    })

  ofFused([...on('plain', tiny), ...on('shuffled', parts)])
  ofFused(
    [
      ...on('plain', parts, { ...wide, kvHeads: 2, headWidth: 256 }),
      ...on('shuffled', { ...parts, images: 1, headWidth: 72 }, wide),
      ...onAll(long),
    ],
    { activations: ['f32'] },
  )
  ofFused([...on('plain', { ...parts, kvHeads: 1, headWidth: 7 }), ...onAll(groups)], {
    peak: 10,
    activations: ['f32'],
    tolerance: { f32: 2e-4 },
  })

  const across = paths.map((path) => ({ images: 2, rows: 3, keys: 10, heads: 4, kvHeads: 2, headWidth: 8, path }))
  checkGradients('attention on q and fused kv', {
    cases: across,
    inputs: ({ images, rows, keys, heads, kvHeads, headWidth }) => ({
      q: { shape: [images * rows, heads * headWidth], activation: true },
      kv: { shape: [images * keys, 2 * kvHeads * headWidth + 4], activation: true },
    }),
    run: (pass, { q, kv }, c) => {
      const offsets = { q: 0, k: 0, v: c.kvHeads * c.headWidth + 4 }
      return attention(pass, { q: q!, k: kv!, v: kv! }, { ...c, causal: false, offsets })
    },
    reference: ({ q, kv }, c) => {
      const half = c.kvHeads * c.headWidth
      const operand = (offset: number) => ({ values: kv!, stride: 2 * half + 4, offset })
      const query = { values: q!, stride: c.heads * c.headWidth, offset: 0 }
      return inParts({ q: query, k: operand(0), v: operand(half + 4) }, { ...c, causal: false })
    },
    wrt: ['q', 'kv'],
    activations: ['f32'],
    peak: 3,
  })
  checkGradients('attention on separate q, k and v behind a cursor', {
    cases: across.map((c) => (c.path === 'plain' ? { ...c, headWidth: 5 } : c)),
    inputs: ({ rows, keys, heads, kvHeads, headWidth, images }) => ({
      q: { shape: [images * rows, heads * headWidth], activation: true },
      k: { shape: [images * keys, kvHeads * headWidth], activation: true },
      v: { shape: [images * keys, kvHeads * headWidth], activation: true },
    }),
    run: (pass, { q, k, v }, c) =>
      attention(pass, { q: q!, k: k!, v: v!, cursor: cursorAt(pass, 4) }, { ...c, causal: true }),
    reference: (arrays, c) => {
      const operand = (name: string, heads: number) => ({
        values: arrays[name]!,
        stride: heads * c.headWidth,
        offset: 0,
      })
      const operands = { q: operand('q', c.heads), k: operand('k', c.kvHeads), v: operand('v', c.kvHeads) }
      return inParts(operands, { ...c, causal: true }, 4)
    },
    wrt: ['q', 'k', 'v'],
    activations: ['f32'],
    peak: 3,
  })

  ofFused(onAll({ ...groups, rows: 6, heads: 2, kvHeads: 2, causal: true }), {
    hardness: ['mixed'],
    activations: ['f32'],
    tolerance: { f32: 2e-4 },
    values: {
      qkv: (count) =>
        hardNumbers(count, 'negative', 1).map((value, i) => (Math.floor(i / 128) % 3 === 0 ? -8 * value : value)),
    },
  })

  it('keeps nothing for a backward pass that does not come', async () => {
    const qkv = stateTensor(gpu, 'qkv', [2, 12])
    const options = { heads: 1, kvHeads: 1, headWidth: 4, causal: true, offsets: { q: 0, k: 4, v: 8 } }
    const overrides = (followed: boolean) => {
      const pass = new Pass(gpu, 'attention')
      const tape = new Tape(new Map(), sums)
      if (followed) tape.watch(qkv)
      pass.tape = tape
      attention(pass, { q: qkv, k: qkv, v: qkv }, options)
      const [command] = pass.commands
      const kernel =
        pass.missing[0]?.overrides ?? (command && 'compiled' in command ? command.compiled.pipeline.label : '')
      pass.end()
      return JSON.stringify(kernel)
    }
    expect([overrides(false), overrides(true)].map((kernel) => /SAVE\W+(\d)/.exec(kernel)?.[1])).toEqual(['0', '1'])
  })

  it('says where gradients would overwrite each other', () => {
    const tensor = (shape: number[]) => ({ shape, type: 'f32' }) as unknown as Tensor
    const [q, kv] = [tensor([4, 16]), tensor([9, 8])]
    const tape = new Tape(new Map(), sums)
    tape.watch(q)
    const pass = Object.assign(new Pass(gpu, 'attention'), { tape })
    expect(() => attention(pass, { q, k: kv, v: kv }, { heads: 2, kvHeads: 1, headWidth: 8, causal: false })).toThrow(
      'k has columns 0 to 8 of a tensor, v has 0 to 8 of the same',
    )
    pass.end()
  })
})

type Parts = {
  images: number
  rows: number
  heads: number
  kvHeads: number
  headWidth: number
  causal: boolean
}

type Case = Parts & { path: Path }

/** Where heads begin in a fused qkv, and how wide it is. */
function fusedOffsets({ heads, kvHeads, headWidth }: { heads: number; kvHeads: number; headWidth: number }) {
  return { q: 0, k: heads * headWidth, v: (heads + kvHeads) * headWidth, width: (heads + 2 * kvHeads) * headWidth }
}

/** The reference on every image by itself. */
function inParts(
  { q, k, v }: { q: Operand; k: Operand; v: Operand },
  c: Parts & { keys?: number },
  position = 0,
): { y: Float64Array } {
  const keys = c.keys ?? c.rows
  const parts = Array.from({ length: c.images }, (_, image) => {
    const part = ({ values, stride, offset }: Operand, rows: number) => ({
      values: values.subarray(image * rows * stride, (image + 1) * rows * stride),
      stride,
      offset,
    })
    const operands = { q: part(q, c.rows), k: part(k, keys), v: part(v, keys) }
    return [...attentionReference(operands, c, (t) => (c.causal ? position + t + 1 : keys)).y]
  })
  return { y: Float64Array.from(parts.flat()) }
}

function cursorAt(pass: Pass, position: number): Tensor {
  const cursor = newCursor(pass.gpu)
  upload(pass.gpu, cursor, Uint32Array.of(position))
  return cursor
}
