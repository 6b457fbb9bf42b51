import { product } from './plainGradients.ts'

type Numbers = ArrayLike<number>

/** Maps of an abstractor: their number and sizes before and after the pooling, their channels and what excitation reduces these to. */
export interface MapShape {
  maps: number
  size: { height: number; width: number }
  to: { height: number; width: number }
  channels: number
  reduced: number
}

/** A step of plain arithmetic: its result, and from the gradient of that those of what went in. */
interface Step<K extends string> {
  y: Float64Array
  back: (dy: Numbers) => Record<K, Float64Array>
}

const range = (count: number) => Array.from({ length: count }, (_, i) => i)
const mean = (values: readonly number[]) => values.reduce((sum, value) => sum + value, 0) / values.length
const sigmoid = (z: number) => 1 / (1 + Math.exp(-z))
const silu = (z: number) => z * sigmoid(z)
const siluSlope = (z: number) => sigmoid(z) * (1 + z * (1 - sigmoid(z)))

/** A 3×3 convolution of each channel, padded by zeros. */
export function plainDepthwise(x: Numbers, weight: Numbers, { size, channels }: MapShape): Step<'x' | 'weight'> {
  const { height, width } = size
  const eachTerm = (visit: (at: number, from: number, tap: number) => void) => {
    for (let at = 0; at < x.length; at++) {
      const [pixel, channel] = [Math.floor(at / channels), at % channels]
      const [row, column] = [Math.floor(pixel / width) % height, pixel % width]
      for (let tap = 0; tap < 9; tap++) {
        const [i, j] = [Math.floor(tap / 3) - 1, (tap % 3) - 1]
        const inside = row + i >= 0 && row + i < height && column + j >= 0 && column + j < width
        if (inside) visit(at, at + (i * width + j) * channels, channel * 9 + tap)
      }
    }
  }
  const y = new Float64Array(x.length)
  eachTerm((at, from, tap) => {
    y[at]! += weight[tap]! * x[from]!
  })
  const back = (dy: Numbers) => {
    const [dx, dWeight] = [new Float64Array(x.length), new Float64Array(weight.length)]
    eachTerm((at, from, tap) => {
      dx[from]! += weight[tap]! * dy[at]!
      dWeight[tap]! += x[from]! * dy[at]!
    })
    return { x: dx, weight: dWeight }
  }
  return { y, back }
}

/** silu(layerNorm(x) + residual). */
export function plainNorm(
  { x, residual, gain, bias }: Record<'x' | 'residual' | 'gain' | 'bias', Numbers>,
  eps: number,
): Step<'x' | 'residual' | 'gain' | 'bias'> {
  const channels = gain.length
  const rows = range(x.length / channels).map((row) => {
    const values = range(channels).map((c) => x[row * channels + c]!)
    const centre = mean(values)
    const deviation = Math.sqrt(mean(values.map((value) => (value - centre) ** 2)) + eps)
    return { deviation, normal: values.map((value) => (value - centre) / deviation) }
  })
  const before = rows.flatMap(({ normal }, row) =>
    normal.map((n, c) => n * gain[c]! + bias[c]! + residual[row * channels + c]!),
  )
  const back = (dy: Numbers) => {
    const flow = Float64Array.from(before, (p, i) => dy[i]! * siluSlope(p))
    const [dGain, dBias] = [new Float64Array(channels), new Float64Array(channels)]
    const dx = rows.flatMap(({ deviation, normal }, row) => {
      const own = range(channels).map((c) => flow[row * channels + c]!)
      own.forEach((value, c) => {
        dGain[c]! += value * normal[c]!
        dBias[c]! += value
      })
      const scaled = own.map((value, c) => value * gain[c]!)
      const [shift, pull] = [mean(scaled), mean(scaled.map((value, c) => value * normal[c]!))]
      return scaled.map((value, c) => (value - shift - normal[c]! * pull) / deviation)
    })
    return { x: Float64Array.from(dx), residual: flow, gain: dGain, bias: dBias }
  }
  return { y: Float64Array.from(before, silu), back }
}

/** x · σ(excite · silu(squeeze · means + squeezeBias) + exciteBias). */
export function plainGate(
  v: Record<'x' | 'squeeze' | 'squeezeBias' | 'excite' | 'exciteBias', Numbers>,
  { maps, size, channels, reduced }: MapShape,
): Step<keyof typeof v> {
  const pixels = size.height * size.width
  const [C, R] = [channels, reduced]
  const at = (map: number, p: number, c: number) => (map * pixels + p) * C + c
  const mapOf = (i: number) => Math.floor(i / (pixels * C)) * C + (i % C)
  const means = range(maps).flatMap((b) => range(C).map((c) => mean(range(pixels).map((p) => v.x[at(b, p, c)]!))))
  const squeeze = (c: number, r: number) => v.squeeze[r * C + c]!
  const excite = (r: number, c: number) => v.excite[c * R + r]!
  const within = (values: Numbers, width: number) => (b: number, i: number) => values[b * width + i]!
  const across = (values: Numbers, width: number) => (i: number, b: number) => values[b * width + i]!
  const inner = product(maps, C, R, within(means, C), squeeze).map((z, i) => z + v.squeezeBias[i % R]!)
  const hidden = inner.map(silu)
  const gate = product(maps, R, C, within(hidden, R), excite).map((z, i) => sigmoid(z + v.exciteBias[i % C]!))
  const back = (dy: Numbers) => {
    const dGate = gate.map((g, i) => {
      const [b, c] = [Math.floor(i / C), i % C]
      return g * (1 - g) * range(pixels).reduce((sum, p) => sum + dy[at(b, p, c)]! * v.x[at(b, p, c)]!, 0)
    })
    const dHidden = product(maps, C, R, within(dGate, C), (c, r) => excite(r, c))
    const dInner = dHidden.map((value, i) => value * siluSlope(inner[i]!))
    const dMeans = product(maps, R, C, within(dInner, R), (r, c) => squeeze(c, r))
    return {
      x: Float64Array.from(v.x, (_, i) => dy[i]! * gate[mapOf(i)]! + dMeans[mapOf(i)]! / pixels),
      squeeze: product(R, maps, C, across(dInner, R), within(means, C)),
      squeezeBias: product(1, maps, R, () => 1, within(dInner, R)),
      excite: product(C, maps, R, across(dGate, C), within(hidden, R)),
      exciteBias: product(1, maps, C, () => 1, within(dGate, C)),
    }
  }
  return { y: Float64Array.from(v.x, (value, i) => value * gate[mapOf(i)]!), back }
}

/** Means over windows. */
export function plainPool(x: Numbers, { maps, size, to, channels }: MapShape): Step<'x'> {
  const windowOf = (i: number, n: number, m: number) => {
    const first = Math.floor((i * n) / m)
    return range(Math.ceil(((i + 1) * n) / m) - first).map((k) => first + k)
  }
  const cells = range(maps * to.height * to.width * channels).map((at) => {
    const [pixel, c] = [Math.floor(at / channels), at % channels]
    const [line, column] = [Math.floor(pixel / to.width), pixel % to.width]
    const map = Math.floor(line / to.height)
    return windowOf(line % to.height, size.height, to.height).flatMap((r) =>
      windowOf(column, size.width, to.width).map((k) => ((map * size.height + r) * size.width + k) * channels + c),
    )
  })
  const back = (dy: Numbers) => {
    const dx = new Float64Array(x.length)
    cells.forEach((cell, at) => {
      for (const i of cell) dx[i]! += dy[at]! / cell.length
    })
    return { x: dx }
  }
  return { y: Float64Array.from(cells, (cell) => mean(cell.map((i) => x[i]!))), back }
}
