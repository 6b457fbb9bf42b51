import type { Pass } from '../tensor/pass.ts'
import { rowsOf, type Tensor, widthOf } from '../tensor/tensor.ts'
import type { Weight } from '../tensor/weight.ts'
import { activation, activationGradient } from './activation.ts'
import { isTrained, linear } from './linear.ts'
import { linearInputGradient, linearWeightGradient } from './linearGradient.ts'
import { activationOf, require } from './require.ts'
import { sumRows } from './sumRows.ts'

interface Layers {
  /** [reduced, C] */
  squeeze: Weight
  /** [reduced], f32 */
  squeezeBias: Tensor
  /** [C, reduced] */
  excite: Weight
  /** [C], f32 */
  exciteBias: Tensor
}

const size = 32
const mostOnCpu = 32

/**
 * y = x · σ(excite · silu(squeeze · mean + squeezeBias) + exciteBias), the mean being over the pixels of each of `maps` maps: `x`
 * [maps · pixels, C]. Hu, Shen & Sun 2017, arXiv:1709.01507. Trained layers must have the storage f32.
 */
export function squeezeExcite(
  pass: Pass,
  { x, squeeze, squeezeBias, excite, exciteBias }: { x: Tensor } & Layers,
  { maps }: { maps: number },
): Tensor {
  require(maps > 0 && rowsOf(x) > 0 && rowsOf(x) % maps === 0, () =>
    `squeezeExcite: x [${x.shape}] is no whole number of pixels for each of ${maps} maps`)
  for (const weight of [squeeze, excite]) isTrained(pass, 'squeezeExcite', weight)
  const { tape } = pass
  pass.tape = undefined
  const means = perMap(pass, 'means', { x }, maps)
  const taped = tape?.follows(x, squeeze, squeezeBias, excite, exciteBias)
  const inner = linear(pass, { x: means, weight: squeeze, bias: squeezeBias }, { activation: taped ? 'none' : 'silu' })
  const hidden = taped ? activation(pass, { x: inner }, { kind: 'silu' }) : inner
  const gate = linear(pass, { x: hidden, weight: excite, bias: exciteBias }, { activation: 'sigmoid' })
  const y = perPixel(pass, 'forward', { x, gate }, x.shape, maps)
  pass.tape = tape
  const saved = { x, means, inner, hidden, gate, squeeze, excite }
  tape?.record({ x, squeeze, squeezeBias, excite, exciteBias }, y, saved, ({ pass, dy, saved }) => {
    const flows = once(() => {
      const gate = perMap(pass, 'backwardGate', { x: saved.x, gate: saved.gate, dy }, maps)
      const hidden = linearInputGradient(pass, { dy: gate, weight: saved.excite })
      return { gate, inner: activationGradient(pass, { x: saved.inner, dy: hidden }, { kind: 'silu' }) }
    })
    return {
      x: () => {
        const dMeans = linearInputGradient(pass, { dy: flows().inner, weight: saved.squeeze })
        return perPixel(pass, 'backward', { dy, gate: saved.gate, dMeans }, dy.shape, maps)
      },
      squeeze: { add: (into) => linearWeightGradient(pass, { x: saved.means, dy: flows().inner, into }) },
      squeezeBias: { add: (into) => sumRows(pass, { x: flows().inner, into }) },
      excite: { add: (into) => linearWeightGradient(pass, { x: saved.hidden, dy: flows().gate, into }) },
      exciteBias: { add: (into) => sumRows(pass, { x: flows().gate, into }) },
    }
  })
  return y
}

/** `make()`, made when it is first asked for. */
function once<T>(make: () => T): () => T {
  let made: { value: T } | undefined
  return () => {
    made ??= { value: make() }
    return made.value
  }
}

/** Runs an entry point that gives one value for each channel of each map. */
function perMap(pass: Pass, entry: string, inputs: { x: Tensor } & Record<string, Tensor>, maps: number): Tensor {
  const y = pass.scratch([maps, widthOf(inputs.x)], inputs.x.type)
  return run(pass, entry, inputs, y, { maps, pixels: rowsOf(inputs.x) / maps, lines: 1 })
}

/** Runs an entry point over the pixels of each channel of each map. */
function perPixel(
  pass: Pass,
  entry: string,
  inputs: { gate: Tensor } & Record<string, Tensor>,
  shape: readonly number[],
  maps: number,
): Tensor {
  const y = pass.scratch(shape, inputs.gate.type)
  const pixels = rowsOf(y) / maps
  const lines = pass.gpu.abilities.cpu ? Math.min(pixels, Math.ceil(mostOnCpu / maps)) : pixels
  return run(pass, entry, inputs, y, { maps, pixels, lines })
}

function run(
  pass: Pass,
  entry: string,
  inputs: Record<string, Tensor>,
  y: Tensor,
  { maps, pixels, lines }: { maps: number; pixels: number; lines: number },
): Tensor {
  const channels = widthOf(y)
  const wide = channels % 4 === 0
  const bound = Object.entries({ ...inputs, y }).map(([name, tensor]) => [wide ? `${name}4` : name, tensor])
  const kernel = {
    shader: 'squeezeExcite',
    entry: wide ? `${entry}4` : entry,
    activation: activationOf('squeezeExcite', y, ...Object.values(inputs)),
  }
  const grid: [number, number, number] = [Math.ceil(channels / (wide ? 4 : 1) / size), lines, maps]
  pass.run(kernel, Object.fromEntries(bound), { pixels, channels }, grid)
  return y
}
