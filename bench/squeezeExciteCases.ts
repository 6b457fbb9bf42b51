import type { Gpu } from '../src/gpu/device.ts'
import { sums } from '../src/ops/add.ts'
import { squeezeExcite } from '../src/ops/squeezeExcite.ts'
import type { Pass } from '../src/tensor/pass.ts'
import { Tape } from '../src/tensor/tape.ts'
import { sizeOf } from '../src/tensor/tensor.ts'
import { trainable } from '../src/train/parameters.ts'
import { buffersOf, noise, tensorOf, weightOf } from './inputs.ts'
import type { MapCase } from './mapCases.ts'

const silu = (value: number) => value / (1 + Math.exp(-value))
const sigmoid = (value: number) => 1 / (1 + Math.exp(-value))

/** Squeeze-and-excitation of one map, and the same with all its gradients behind it. */
export function squeezeExciteCases(gpu: Gpu, pixels: number, channels: number): MapCase[] {
  const reduced = channels / 4
  const values = {
    x: noise(pixels * channels, 1),
    squeeze: noise(reduced * channels, 2),
    squeezeBias: noise(reduced, 3),
    excite: noise(channels * reduced, 4),
    exciteBias: noise(channels, 5),
  }
  const [x, dy] = [tensorOf(gpu, [pixels, channels], values.x), tensorOf(gpu, [pixels, channels])]
  const layers = {
    squeeze: weightOf(gpu, reduced, channels, values.squeeze),
    squeezeBias: tensorOf(gpu, [reduced], values.squeezeBias),
    excite: weightOf(gpu, channels, reduced, values.excite),
    exciteBias: tensorOf(gpu, [channels], values.exciteBias),
  }
  const run = (pass: Pass) => squeezeExcite(pass, { x, ...layers }, { maps: 1 })
  const parameters = trainable(gpu, layers)
  const gate = plainGate(values, pixels, channels)
  const expected = [0, channels + 1, pixels * channels - 1].map((i): [number, number] => [
    i,
    values.x[i]! * gate[i % channels]!,
  ])
  const weights = 8 * reduced * channels
  const shared = { shape: `${pixels} × ${channels} by ${reduced}`, flops: 4 * pixels * channels, expected }
  return [
    { ...shared, name: 'squeeze-and-excitation', bytes: 8 * sizeOf(x.shape) + weights, run, buffers: [] },
    {
      ...shared,
      name: 'squeeze-and-excitation and all its gradients',
      bytes: (8 + 12) * sizeOf(x.shape) + 4 * weights,
      run: (pass) => {
        const tape = new Tape(new Map(parameters.map(({ operand, gradient }) => [operand, gradient])), sums)
        tape.watch(x)
        pass.tape = tape
        const y = run(pass)
        tape.backward(pass, y, dy)
        pass.tape = undefined
        return y
      },
      buffers: [
        ...buffersOf(x, dy, ...Object.values(layers)),
        ...parameters.flatMap(({ gradient, m, v }) => buffersOf(gradient, m, v)),
      ],
    },
  ]
}

/** The gate of every channel in f64. */
function plainGate(values: Record<string, Float32Array>, pixels: number, channels: number): number[] {
  const { x, squeeze, squeezeBias, excite, exciteBias } = values as Record<string, Float32Array>
  const all = (count: number) => Array.from({ length: count }, (_, i) => i)
  const means = all(channels).map((n) => all(pixels).reduce((sum, p) => sum + x![p * channels + n]!, 0) / pixels)
  const layer = (input: number[], weight: Float32Array, bias: Float32Array) =>
    all(bias.length).map((n) => input.reduce((sum, v, k) => sum + v * weight[n * input.length + k]!, bias[n]!))
  return layer(layer(means, squeeze!, squeezeBias!).map(silu), excite!, exciteBias!).map(sigmoid)
}
