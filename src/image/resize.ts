import { BeagleError } from '../errors.ts'
import { checkImage, type RgbImage } from './rgbImage.ts'

/** The resampling filters of PIL, by their PIL names. */
export type Filter = 'nearest' | 'box' | 'bilinear' | 'hamming' | 'bicubic' | 'lanczos'

/** PIL's numbers for the filters, as `resample` in a preprocessor config gives them. */
export const filtersByNumber: readonly Filter[] = ['nearest', 'lanczos', 'bilinear', 'bicubic', 'box', 'hamming']

interface Kernel {
  /** Half width in source pixels at scale 1. */
  support: number
  weight: (t: number) => number
}

const sinc = (t: number) => (t === 0 ? 1 : Math.sin(t * Math.PI) / (t * Math.PI))

const kernels: Record<Exclude<Filter, 'nearest'>, Kernel> = {
  box: { support: 0.5, weight: (t) => (t > -0.5 && t <= 0.5 ? 1 : 0) },
  bilinear: { support: 1, weight: (t) => Math.max(0, 1 - Math.abs(t)) },
  hamming: {
    support: 1,
    weight: (t) => {
      const x = Math.abs(t)
      return x >= 1 ? 0 : sinc(x) * (0.54 + 0.46 * Math.cos(x * Math.PI))
    },
  },
  bicubic: {
    support: 2,
    weight: (t) => {
      const a = -0.5
      const x = Math.abs(t)
      if (x < 1) return ((a + 2) * x - (a + 3)) * x * x + 1
      return x < 2 ? (((x - 5) * x + 8) * x - 4) * a : 0
    },
  },
  lanczos: { support: 3, weight: (t) => (t >= -3 && t < 3 ? sinc(t) * sinc(t / 3) : 0) },
}

const PRECISION_BITS = 22

interface Taps {
  /** First source index per output index. */
  first: Int32Array
  count: Int32Array
  /** Fixed-point weights, `stride` per output index. */
  weights: Int32Array
  stride: number
}

/** PIL's `precompute_coeffs` and `normalize_coeffs_8bpc` for one axis. */
function computeTaps(inSize: number, outSize: number, kernel: Kernel): Taps {
  const scale = inSize / outSize
  const filterScale = Math.max(scale, 1)
  const inverse = 1 / filterScale
  const support = kernel.support * filterScale
  const stride = Math.ceil(support) * 2 + 1
  const taps: Taps = {
    first: new Int32Array(outSize),
    count: new Int32Array(outSize),
    weights: new Int32Array(outSize * stride),
    stride,
  }
  const raw = new Float64Array(stride)
  for (let x = 0; x < outSize; x++) {
    const center = (x + 0.5) * scale
    const begin = Math.max(0, Math.trunc(center - support + 0.5))
    const count = Math.min(inSize, Math.trunc(center + support + 0.5)) - begin
    let sum = 0
    for (let i = 0; i < count; i++) {
      raw[i] = kernel.weight((i + begin - center + 0.5) * inverse)
      sum += raw[i]!
    }
    for (let i = 0; i < count; i++) {
      const weight = (sum === 0 ? raw[i]! : raw[i]! / sum) * (1 << PRECISION_BITS)
      taps.weights[x * stride + i] = Math.trunc(weight < 0 ? weight - 0.5 : weight + 0.5)
    }
    taps.first[x] = begin
    taps.count[x] = count
  }
  return taps
}

/** One pass along one axis; `step` and `across` are the byte distances along the axis and between its lines. */
function resample(
  source: RgbImage['data'],
  target: Uint8Array,
  taps: Taps,
  lines: number,
  from: { step: number; across: number },
  to: { step: number; across: number },
): void {
  const half = 1 << (PRECISION_BITS - 1)
  for (let x = 0; x < taps.first.length; x++) {
    const count = taps.count[x]!
    const weightAt = x * taps.stride
    for (let line = 0; line < lines; line++) {
      const sourceAt = line * from.across + taps.first[x]! * from.step
      const targetAt = line * to.across + x * to.step
      for (let channel = 0; channel < 3; channel++) {
        let sum = half
        for (let i = 0, at = sourceAt + channel; i < count; i++, at += from.step) {
          sum += source[at]! * taps.weights[weightAt + i]!
        }
        const value = sum >> PRECISION_BITS
        target[targetAt + channel] = value < 0 ? 0 : value > 255 ? 255 : value
      }
    }
  }
}

/** Source index per output index; PIL adds the step up, which decides the ties that a product would round otherwise. */
function nearestIndices(inSize: number, outSize: number): Int32Array {
  const step = inSize / outSize
  const indices = new Int32Array(outSize)
  for (let x = 0, position = step * 0.5; x < outSize; x++, position += step)
    indices[x] = Math.min(inSize - 1, Math.floor(position))
  return indices
}

function resizeNearest(image: RgbImage, width: number, height: number): RgbImage {
  const data = new Uint8Array(width * height * 3)
  const columns = nearestIndices(image.width, width)
  const rows = nearestIndices(image.height, height)
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      const at = (rows[y]! * image.width + columns[x]!) * 3
      data.set(image.data.subarray(at, at + 3), (y * width + x) * 3)
    }
  }
  return { width, height, data }
}

/**
 * Resizes to `width` × `height` with exactly the bytes that `PIL.Image.resize` gives: horizontal pass, then vertical, rounded
 * to bytes between, 22-bit fixed-point weights, a pass skipped when its size does not change. Source: Pillow's `Resample.c`.
 */
export function resize(image: RgbImage, width: number, height: number, filter: Filter = 'bicubic'): RgbImage {
  checkImage(image)
  if (!Number.isInteger(width) || !Number.isInteger(height) || width < 1 || height < 1) {
    throw new BeagleError(
      'bad-argument',
      `resize: the new size must be positive whole numbers, not ${width} × ${height}.`,
    )
  }
  if (width === image.width && height === image.height) return image
  if (filter === 'nearest') return resizeNearest(image, width, height)
  const kernel = kernels[filter]
  if (!kernel) {
    throw new BeagleError(
      'bad-argument',
      `resize: unknown filter "${filter}"; known are ${filtersByNumber.join(', ')}.`,
    )
  }
  let { data } = image
  if (width !== image.width) {
    const next = new Uint8Array(width * image.height * 3)
    const taps = computeTaps(image.width, width, kernel)
    resample(data, next, taps, image.height, { step: 3, across: image.width * 3 }, { step: 3, across: width * 3 })
    data = next
  }
  if (height !== image.height) {
    const next = new Uint8Array(width * height * 3)
    const taps = computeTaps(image.height, height, kernel)
    resample(data, next, taps, width, { step: width * 3, across: 3 }, { step: width * 3, across: 3 })
    data = next
  }
  return { width, height, data }
}
