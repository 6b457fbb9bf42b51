import type { Gpu } from '../src/gpu/device.ts'
import { deformableSampling } from '../src/ops/deformableSampling.ts'
import { depthwise } from '../src/ops/depthwise.ts'
import { linear } from '../src/ops/linear.ts'
import { normActivation } from '../src/ops/normActivation.ts'
import { squeezeExcite } from '../src/ops/squeezeExcite.ts'
import type { Pass } from '../src/tensor/pass.ts'
import type { Tensor } from '../src/tensor/tensor.ts'
import { buffersOf, noise, tensorOf, weightOf } from './inputs.ts'
import type { Values } from './onnxruntime.ts'
import { samplingInputs } from './samplingCases.ts'

/** The same computation by Beagle and as a graph of bench/onnx, of the sizes in recipes/projectors/make_onnx.py. */
export interface PeerCase {
  name: string
  graph: string
  inputs: Record<string, Values>
  /** Of the graph's y. */
  dims: number[]
  /** Channels where the graph's y is a map [1, C, H, W] while Beagle's has a row per pixel. */
  channels?: number
  run: (pass: Pass) => Tensor
  buffers: GPUBuffer[]
}

const [side, rows, width, reduced, out] = [16, 256, 1024, 256, 4096]
const eps = 1e-5
const map = { height: side, width: side }

const values = (dims: number[], seed: number, most = 0.5): Values => ({
  dims,
  values: noise(
    dims.reduce((product, extent) => product * extent, 1),
    seed,
    most,
  ),
})

/** [count, width] → [width, count] */
function turned(data: Float32Array<ArrayBufferLike>, count: number, width: number): Float32Array<ArrayBuffer> {
  const result = new Float32Array(data.length)
  for (let row = 0; row < count; row++)
    for (let column = 0; column < width; column++) result[column * count + row] = data[row * width + column]!
  return result
}

/** A map [1, C, H, W] as rows of pixels. */
export const asRows = (data: Float32Array, channels: number) => turned(data, channels, data.length / channels)

/** Rows of pixels as a map [1, C, H, W]. */
const asMap = ({ values }: Values): Values => ({ dims: [1, width, side, side], values: turned(values, rows, width) })

/** A linear layer's weight within the bounds that keep its results near 1. */
const layer = (dims: [number, number], seed: number) => values(dims, seed, 2 / Math.sqrt(dims[1]))

const asConvolution = ({ dims, values }: Values): Values => ({ dims: [...dims, 1, 1], values })
const asProduct = ({ dims: [n, k], values }: Values): Values => ({ dims: [k!, n!], values: turned(values, n!, k!) })

const x = values([rows, width], 11)

export function peerCases(gpu: Gpu): (() => PeerCase)[] {
  const put = ({ dims, values }: Values) => tensorOf(gpu, dims, values)
  const putWeight = ({ dims: [n, k], values }: Values) => weightOf(gpu, n!, k!, values)
  return [
    () => {
      const weight = layer([width, width], 12)
      const own = { x: put(x), weight: putWeight(weight) }
      return {
        name: `1×1 convolution, ${side} × ${side} × ${width}`,
        graph: 'pointwise',
        inputs: { x: asMap(x), weight: asConvolution(weight) },
        dims: [1, width, side, side],
        channels: width,
        run: (pass) => linear(pass, own),
        buffers: buffersOf(...Object.values(own)),
      }
    },
    () => {
      const weight = values([width, 1, 3, 3], 13)
      const own = { x: put(x), weight: put(weight) }
      return {
        name: `depthwise 3×3, ${side} × ${side} × ${width}`,
        graph: 'depthwise',
        inputs: { x: asMap(x), weight },
        dims: [1, width, side, side],
        channels: width,
        run: (pass) => depthwise(pass, own, map),
        buffers: buffersOf(...Object.values(own)),
      }
    },
    () => {
      const inputs = { x, gain: values([width], 14), bias: values([width], 15) }
      const own = { x: put(x), gain: put(inputs.gain), bias: put(inputs.bias) }
      return {
        name: `LayerNorm and SiLU, ${rows} × ${width}`,
        graph: 'norm',
        inputs,
        dims: [rows, width],
        run: (pass) => normActivation(pass, own, { eps, kind: 'silu' }),
        buffers: buffersOf(...Object.values(own)),
      }
    },
    () => blockCase(gpu),
    () => {
      const inputs = samplingInputs({ side, queries: 144, heads: 8, width: 128, points: 4 })
      const given = {
        value: { dims: [rows, width], values: inputs.value },
        locations: { dims: [144, 8, 4, 2], values: inputs.locations },
        weights: { dims: [144, 8, 4], values: inputs.weights },
      }
      const own = { value: put(given.value), locations: put(given.locations), weights: put(given.weights) }
      return {
        name: `deformable sampling, ${side} × ${side} → 144, 8 heads, 4 points`,
        graph: 'sampling',
        inputs: given,
        dims: [144, width],
        run: (pass) => deformableSampling(pass, own, { levels: [map], heads: 8, points: 4 }),
        buffers: buffersOf(...Object.values(own)),
      }
    },
    () => {
      const [w1, w2] = [layer([out, width], 16), layer([out, out], 17)]
      const [b1, b2] = [values([out], 18), values([out], 19)]
      const own = { x: put(x), w1: putWeight(w1), w2: putWeight(w2), b1: put(b1), b2: put(b2) }
      return {
        name: `mlp of 2 layers, ${rows} × ${width} → ${out}`,
        graph: 'mlp',
        inputs: { x, w1: asProduct(w1), b1, w2: asProduct(w2), b2 },
        dims: [rows, out],
        run: (pass) => {
          const inner = linear(pass, { x: own.x, weight: own.w1, bias: own.b1 }, { activation: 'silu' })
          return linear(pass, { x: inner, weight: own.w2, bias: own.b2 })
        },
        buffers: buffersOf(...Object.values(own)),
      }
    },
  ]
}

/** One RegNet block, as a C-Abstractor has three before and three after its pooling. */
function blockCase(gpu: Gpu): PeerCase {
  const convs = { conv1: layer([width, width], 21), conv3: layer([width, width], 22) }
  const gates = { squeeze: layer([reduced, width], 23), excite: layer([width, reduced], 24) }
  const vectors = {
    ...{
      gain1: values([width], 25),
      bias1: values([width], 26),
      gain2: values([width], 27),
      bias2: values([width], 28),
    },
    ...{ gain3: values([width], 29), bias3: values([width], 30) },
    ...{ squeezeBias: values([reduced], 31), exciteBias: values([width], 32), conv2: values([width, 1, 3, 3], 33) },
  }
  const all = <V, T>(record: Record<string, V>, make: (value: V) => T) =>
    Object.fromEntries(Object.entries(record).map(([key, value]) => [key, make(value)]))
  const w = all({ ...convs, ...gates }, ({ dims: [n, k], values }) => weightOf(gpu, n!, k!, values))
  const v = all({ ...vectors, x }, ({ dims, values }) => tensorOf(gpu, dims, values))
  const activated = { eps, kind: 'silu' } as const
  const normed = (pass: Pass, x: Tensor, i: number, residual?: Tensor) =>
    normActivation(pass, { x, gain: v[`gain${i}`]!, bias: v[`bias${i}`]!, residual }, activated)
  return {
    name: `RegNet block, ${side} × ${side} × ${width}`,
    graph: 'block',
    inputs: { ...all({ ...convs, ...gates }, asConvolution), ...vectors, x: asMap(x) },
    dims: [1, width, side, side],
    channels: width,
    run: (pass) => {
      const wide = normed(pass, linear(pass, { x: v.x!, weight: w.conv1! }), 1)
      const local = normed(pass, depthwise(pass, { x: wide, weight: v.conv2! }, map), 2)
      const gate = { squeeze: w.squeeze!, squeezeBias: v.squeezeBias!, excite: w.excite!, exciteBias: v.exciteBias! }
      const gated = squeezeExcite(pass, { x: local, ...gate }, { maps: 1 })
      return normed(pass, linear(pass, { x: gated, weight: w.conv3! }), 3, v.x)
    },
    buffers: buffersOf(...Object.values(w), ...Object.values(v)),
  }
}
