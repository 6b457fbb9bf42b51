import type { Pass } from '../tensor/pass.ts'
import { rowsOf, sizeOf, type Tensor, widthOf } from '../tensor/tensor.ts'
import { flatGrid } from './grid.ts'
import { normPlan } from './normPlan.ts'
import { activationOf, require } from './require.ts'
import { sumRows } from './sumRows.ts'

/**
 * y = (x - mean) · gain / sqrt(variance + eps) + bias over the last axis; `x` [.., width], `gain` and `bias` [width] in f32.
 * Ba, Kiros & Hinton 2016.
 */
export function layerNorm(
  pass: Pass,
  { x, gain, bias }: { x: Tensor; gain: Tensor; bias: Tensor },
  { eps }: { eps: number },
): Tensor {
  const width = widthOf(x)
  require(widthOf(gain) === width && widthOf(bias) === width, () =>
    `layerNorm: x [${x.shape}] has rows of ${width}, gain has ${widthOf(gain)} and bias ${widthOf(bias)}`)
  const y = pass.scratch(x.shape, x.type)
  const { kernel, rowwise, params, grid } = normPlan(pass, 'layerNorm', x, eps)
  if (rowwise) {
    const buffers = { x4: x, gain4: gain, bias4: bias, y4: y }
    pass.run({ ...kernel, entry: 'forwardRows' }, buffers, params, grid)
  } else {
    pass.run({ ...kernel, entry: 'forward' }, { x, gain, bias, y }, params, grid)
  }
  pass.tape?.record({ x, gain, bias }, y, { x, gain }, ({ pass, dy, saved }) => {
    let found: { dx: Tensor; statistics: Tensor } | undefined
    const backward = () => {
      found ??= layerNormGradient(pass, { ...saved, dy }, { eps })
      return found
    }
    return {
      x: () => backward().dx,
      gain: {
        add: (into) => gainGradient(pass, { x: saved.x, dy, statistics: backward().statistics, into }, { eps }),
      },
      bias: { add: (into) => sumRows(pass, { x: dy, into }) },
    }
  })
  return y
}

interface GradientInputs {
  x: Tensor
  gain: Tensor
  dy: Tensor
}

/** dx, and each row's mean and the inverse of its deviation, [rows, 2] in f32. */
function layerNormGradient(pass: Pass, { x, gain, dy }: GradientInputs, { eps }: { eps: number }) {
  const { kernel, rowwise, params, grid } = normPlan(pass, 'layerNorm', x, eps)
  const [dx, statistics] = [pass.scratch(x.shape, x.type), pass.scratch([rowsOf(x), 2])]
  activationOf('layerNorm', x, dy)
  if (rowwise) {
    const buffers = { x4: x, gain4: gain, dy4: dy, dx4: dx, statistics }
    pass.run({ ...kernel, entry: 'backwardRows' }, buffers, params, grid)
  } else {
    pass.run({ ...kernel, entry: 'backward' }, { x, gain, dy, dx, statistics }, params, grid)
  }
  return { dx, statistics }
}

function gainGradient(
  pass: Pass,
  { x, dy, statistics, into }: { x: Tensor; dy: Tensor; statistics: Tensor; into: Tensor },
  { eps }: { eps: number },
): void {
  const { kernel, params } = normPlan(pass, 'layerNorm', x, eps)
  const grid = flatGrid(Math.ceil(sizeOf(into.shape) / 32))
  pass.run({ ...kernel, entry: 'backwardGain' }, { x, dy, statistics, dGain: into }, params, grid)
}
