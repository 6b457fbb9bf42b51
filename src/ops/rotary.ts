import type { Gpu } from '../gpu/device.ts'
import { stateTensor, upload } from '../tensor/execute.ts'
import type { Pass } from '../tensor/pass.ts'
import { rowsOf, type Tensor, widthOf } from '../tensor/tensor.ts'
import { rowGrid } from './grid.ts'
import { activationOf, require } from './require.ts'

/**
 * Turns the heads of `x` [T, heads · headWidth] by their positions, `cursor[position]` + row; halves are paired, as in Llama.
 * Su et al. 2021. Turned `back` it is its own gradient.
 */
export function rotary(
  pass: Pass,
  { x, cursor }: { x: Tensor; cursor: Tensor },
  { heads, headWidth, theta, back = false }: { heads: number; headWidth: number; theta: number; back?: boolean },
): Tensor {
  require(widthOf(x) === heads * headWidth, () =>
    `rotary: x [${x.shape}] has width ${widthOf(x)}, ${heads} heads of ${headWidth} need ${heads * headWidth}`)
  const rows = rowsOf(x)
  const y = pass.scratch(x.shape, x.type)
  const perWorkgroup = headsPerWorkgroup(pass.gpu, rows)
  const kernel = {
    shader: 'rotary',
    entry: 'forward',
    activation: activationOf('rotary', x),
    overrides: { BACK: Number(back), HEADS: perWorkgroup },
  }
  const buffers = { frequencies: frequenciesOf(pass.gpu, headWidth, theta), cursor, x, y }
  const params = { rows, heads, kvHeads: 0, width: headWidth, capacity: 0 }
  pass.run(kernel, buffers, params, rowGrid(rows, Math.ceil(heads / perWorkgroup)))
  return y
}

/**
 * Turns the queries of a fused `qkv` [T, (heads + 2 · kvHeads) · headWidth] and returns them, [T, heads · headWidth]; writes its
 * turned keys and its values into the caches `keys` and `values` [C, kvHeads · headWidth], at rows `cursor[position]` + t. Rows
 * beyond C are dropped: the caller sees to it that the context is not full.
 */
export function rotaryToCache(
  pass: Pass,
  { qkv, cursor, keys, values }: { qkv: Tensor; cursor: Tensor; keys: Tensor; values: Tensor },
  { heads, kvHeads, headWidth, theta }: { heads: number; kvHeads: number; headWidth: number; theta: number },
): Tensor {
  const allHeads = heads + 2 * kvHeads
  require(widthOf(qkv) === allHeads * headWidth, () =>
    `rotaryToCache: qkv [${qkv.shape}] has width ${widthOf(qkv)}, ${heads} + 2 · ${kvHeads} heads of ${headWidth} need ${allHeads * headWidth}`)
  require([keys, values].every((cache) => widthOf(cache) === kvHeads * headWidth) &&
    rowsOf(keys) === rowsOf(values), () =>
    `rotaryToCache: caches must be [C, ${kvHeads * headWidth}], found keys [${keys.shape}] and values [${values.shape}]`)
  const rows = rowsOf(qkv)
  const q = pass.scratch([rows, heads * headWidth], qkv.type)
  const perWorkgroup = headsPerWorkgroup(pass.gpu, rows)
  const kernel = {
    shader: 'rotary',
    entry: 'toCache',
    activation: activationOf('rotaryToCache', qkv, keys, values),
    overrides: { HEADS: perWorkgroup },
  }
  const buffers = { frequencies: frequenciesOf(pass.gpu, headWidth, theta), cursor, qkv, q, keys, values }
  const params = { rows, heads, kvHeads, width: headWidth, capacity: rowsOf(keys) }
  pass.run(kernel, buffers, params, rowGrid(rows, Math.ceil(allHeads / perWorkgroup)))
  return q
}

/**
 * Turns the queries and keys of a fused `qkv` [B·T, (heads + 2 · kvHeads) · headWidth] by their row within their sequence, 0 to T-1,
 * and copies its values: a new qkv. `sequences` is B. Its gradient is turned back.
 */
export function rotaryFused(pass: Pass, { qkv }: { qkv: Tensor }, options: RotaryFusedOptions): Tensor {
  const y = turnFused(pass, qkv, options, false)
  pass.tape?.record({ qkv }, y, {}, ({ pass, dy }) => ({ qkv: () => turnFused(pass, dy, options, true) }))
  return y
}

interface RotaryFusedOptions {
  heads: number
  kvHeads: number
  headWidth: number
  theta: number
  sequences: number
}

function turnFused(
  pass: Pass,
  x: Tensor,
  { heads, kvHeads, headWidth, theta, sequences }: RotaryFusedOptions,
  back: boolean,
): Tensor {
  const allHeads = heads + 2 * kvHeads
  const rows = rowsOf(x) / sequences
  require(widthOf(x) === allHeads * headWidth, () =>
    `rotaryFused: qkv [${x.shape}] has width ${widthOf(x)}, ${heads} + 2 · ${kvHeads} heads of ${headWidth} need ${allHeads * headWidth}`)
  require(Number.isInteger(rows), () =>
    `rotaryFused: the ${rowsOf(x)} rows of qkv do not fall evenly on ${sequences} sequences`)
  const y = pass.scratch(x.shape, x.type)
  const perWorkgroup = headsPerWorkgroup(pass.gpu, rows)
  const wide = pass.gpu.abilities.cpu && headWidth % 8 === 0
  const kernel = {
    shader: 'rotary',
    entry: wide ? 'fused4' : 'fused',
    activation: activationOf('rotaryFused', x),
    overrides: { BACK: Number(back), HEADS: perWorkgroup },
  }
  const params = { rows, heads, kvHeads, width: headWidth, capacity: 0 }
  const frequencies = frequenciesOf(pass.gpu, headWidth, theta)
  const buffers: Record<string, Tensor> = wide ? { frequencies, x4: x, y4: y } : { frequencies, x, y }
  pass.run(kernel, buffers, params, [Math.ceil(allHeads / perWorkgroup), rows, sequences])
  return y
}

/** A CPU saves by turning many heads with one sine; a GPU needs the invocations. */
const headsPerWorkgroup = (gpu: Gpu, rows: number): number => (gpu.abilities.cpu && rows > 1 ? 8 : 1)

const known = new WeakMap<Gpu, Map<string, Tensor>>()

/** theta^(-2i/K) / 2π as fractions of a turn of 44 bits, [K/2, 2], exact for positions below 2^20; a device has each table once, as long as it lives. */
function frequenciesOf(gpu: Gpu, headWidth: number, theta: number): Tensor {
  require(headWidth % 2 === 0, () => `rotary: pairs of a head are turned, a head width of ${headWidth} is odd`)
  const tables = known.get(gpu) ?? new Map<string, Tensor>()
  known.set(gpu, tables)
  const key = `${headWidth} ${theta}`
  const ready = tables.get(key)
  if (ready) return ready
  const words = Array.from({ length: headWidth / 2 }, (_, i) => {
    const fraction = Math.round((theta ** ((-2 * i) / headWidth) / (2 * Math.PI)) * 2 ** 44)
    return [Math.floor(fraction / 4096), fraction % 4096]
  })
  const table = stateTensor(gpu, `rotary frequencies ${key}`, [headWidth / 2, 2], 'u32')
  upload(gpu, table, Uint32Array.from(words.flat()))
  tables.set(key, table)
  return table
}
