import type { Gpu } from '../src/gpu/device.ts'
import { adaptivePool } from '../src/ops/adaptivePool.ts'
import { depthwise } from '../src/ops/depthwise.ts'
import { layerNorm } from '../src/ops/layerNorm.ts'
import { normActivation } from '../src/ops/normActivation.ts'
import type { Pass } from '../src/tensor/pass.ts'
import { activationGradient, parameterGradient } from './gradientPass.ts'
import { buffersOf } from './inputs.ts'
import { input, type KernelCase, wave } from './kernelCases.ts'

/** A kernel whose time goes into bytes: `bytes` are those that must move once. */
export interface MapCase extends KernelCase {
  /** Bytes that it asks for, those that it needs several times as often as it does; where that is more than `bytes`. */
  gathered?: number
  /** Share of the copy's rate that it is to reach, in percent. */
  target?: number
}

const square = (side: number) => ({ height: side, width: side })

/** A depthwise 3×3 convolution of a square map of the given side, and its two gradients. */
export function depthwiseCases(gpu: Gpu, side: number, channels: number): MapCase[] {
  const rows = side * side
  const [x, weight, dy] = [input(gpu, [rows, channels]), input(gpu, [channels, 1, 3, 3]), input(gpu, [rows, channels])]
  const pixel = (row: number, column: number, channel: number) => {
    const outside = row < 0 || column < 0 || row >= side || column >= side
    return outside ? 0 : Math.fround(wave((row * side + column) * channels + channel))
  }
  const taps = Array.from({ length: 9 }, (_, tap) => [tap, Math.floor(tap / 3) - 1, (tap % 3) - 1] as const)
  const convolved =
    (sign: number) =>
    (row: number, column: number, channel: number): number =>
      taps.reduce(
        (sum, [tap, down, right]) =>
          sum + wave(9 * channel + tap) * pixel(row + sign * down, column + sign * right, channel),
        0,
      )
  const samples: [number, number, number][] = [
    [0, 0, 0],
    [side - 1, side - 1, channels - 1],
    [side >> 1, 0, 1],
    [side >> 1, side >> 1, channels >> 1],
  ]
  const at = (row: number, column: number, channel: number) => (row * side + column) * channels + channel
  const weightAt = (channel: number, tap: number) => {
    let sum = 0
    for (let row = 0; row < side; row++)
      for (let column = 0; column < side; column++)
        sum += pixel(row, column, channel) * pixel(row + Math.floor(tap / 3) - 1, column + (tap % 3) - 1, channel)
    return sum
  }
  const shared = {
    shape: `${side} × ${side} × ${channels}`,
    flops: 18 * rows * channels,
    bytes: 4 * channels * (2 * rows + 9),
    target: 50,
  }
  const convolve = (pass: Pass) => depthwise(pass, { x, weight }, square(side))
  return [
    {
      ...shared,
      name: 'depthwise 3×3',
      run: convolve,
      expected: samples.map((place) => [at(...place), convolved(1)(...place)]),
      buffers: [],
    },
    {
      ...shared,
      name: 'depthwise 3×3, gradient of x',
      run: (pass) => activationGradient(pass, x, dy, () => convolve(pass)),
      expected: samples.map((place) => [at(...place), convolved(-1)(...place)]),
      buffers: [],
    },
    {
      ...shared,
      name: 'depthwise 3×3, gradient of the weight',
      run: (pass) => parameterGradient(pass, weight, dy, () => convolve(pass)),
      expected: [0, 4, 9 * (channels >> 1) + 2, 9 * channels - 1].map((i) => [i, weightAt(Math.floor(i / 9), i % 9)]),
      buffers: buffersOf(x, weight, dy),
    },
  ]
}

/** Adaptive pooling from a square map to another, and its gradient. */
export function poolCases(gpu: Gpu, side: number, to: number, channels: number): MapCase[] {
  const [x, dy] = [input(gpu, [side * side, channels]), input(gpu, [to * to, channels])]
  const begin = (i: number) => Math.floor((i * side) / to)
  const end = (i: number) => Math.ceil(((i + 1) * side) / to)
  const inside = (i: number, r: number) => r >= begin(i) && r < end(i)
  const held = (i: number) => end(i) - begin(i)
  const all = (count: number) => Array.from({ length: count }, (_, i) => i)
  const mean = (i: number, j: number, channel: number) =>
    all(side * side).reduce((sum, place) => {
      const [r, c] = [Math.floor(place / side), place % side]
      return inside(i, r) && inside(j, c) ? sum + wave(place * channels + channel) / held(i) / held(j) : sum
    }, 0)
  const spread = (r: number, c: number, channel: number) =>
    all(to * to).reduce((sum, place) => {
      const [i, j] = [Math.floor(place / to), place % to]
      return inside(i, r) && inside(j, c) ? sum + wave(place * channels + channel) / held(i) / held(j) : sum
    }, 0)
  const run = (pass: Pass) => adaptivePool(pass, { x }, { size: square(side), to: square(to) })
  const shared = { flops: 2 * side * side * channels, bytes: 4 * channels * (side * side + to * to) }
  const samples = (of: number) =>
    [
      [0, 0, 0],
      [of - 1, of >> 1, 1],
      [of >> 1, of - 1, channels - 1],
    ] as const
  return [
    {
      ...shared,
      name: 'adaptive pooling',
      shape: `${side} × ${side} → ${to} × ${to}, ${channels}`,
      run,
      expected: samples(to).map(([i, j, n]) => [(i * to + j) * channels + n, mean(i, j, n)]),
      buffers: [],
    },
    {
      ...shared,
      name: 'adaptive pooling, gradient',
      shape: `${to} × ${to} → ${side} × ${side}, ${channels}`,
      run: (pass) => activationGradient(pass, x, dy, () => run(pass)),
      expected: samples(side).map(([r, c, n]) => [(r * side + c) * channels + n, spread(r, c, n)]),
      buffers: buffersOf(x, dy),
    },
  ]
}

/** LayerNorm over the channels of each pixel: alone, its gradient, and with SiLU in one kernel. */
export function channelNormCases(gpu: Gpu, rows: number, channels: number): MapCase[] {
  const [x, dy] = [input(gpu, [rows, channels]), input(gpu, [rows, channels])]
  const [gain, bias] = [input(gpu, [channels]), input(gpu, [channels])]
  const eps = 1e-5
  const row = Array.from({ length: channels }, (_, i) => wave(i))
  const mean = row.reduce((sum, value) => sum + value, 0) / channels
  const deviation = Math.sqrt(row.reduce((sum, value) => sum + (value - mean) ** 2, 0) / channels + eps)
  const normed = row.map((value) => (value - mean) / deviation)
  const flow = row.map((value, i) => value * wave(i))
  const meanFlow = flow.reduce((sum, value) => sum + value, 0) / channels
  const meanBoth = flow.reduce((sum, value, i) => sum + value * normed[i]!, 0) / channels
  const silu = (value: number) => value / (1 + Math.exp(-value))
  const samples = [0, channels >> 1, channels - 1]
  const shared = { shape: `${rows} × ${channels}`, flops: 8 * rows * channels, buffers: [] }
  return [
    {
      ...shared,
      name: 'channel LayerNorm',
      bytes: 8 * rows * channels,
      run: (pass) => layerNorm(pass, { x, gain, bias }, { eps }),
      expected: samples.map((i) => [i, normed[i]! * wave(i) + wave(i)]),
    },
    {
      ...shared,
      name: 'channel LayerNorm, gradient of x',
      bytes: 12 * rows * channels,
      run: (pass) => activationGradient(pass, x, dy, () => layerNorm(pass, { x, gain, bias }, { eps })),
      expected: samples.map((i) => [i, (flow[i]! - meanFlow - normed[i]! * meanBoth) / deviation]),
    },
    {
      ...shared,
      name: 'channel LayerNorm and SiLU',
      bytes: 8 * rows * channels,
      run: (pass) => normActivation(pass, { x, gain, bias }, { eps, kind: 'silu' }),
      expected: samples.map((i) => [i, silu(normed[i]! * wave(i) + wave(i))]),
      buffers: buffersOf(x, dy, gain, bias),
    },
  ]
}
