import type { Pass } from '../tensor/pass.ts'
import { rowsOf, sizeOf, type Tensor, widthOf } from '../tensor/tensor.ts'
import { flatGrid } from './grid.ts'
import { normPlan } from './normPlan.ts'
import { activationOf, require } from './require.ts'

/** y = x · gain / sqrt(mean(x²) + eps) over the last axis; `x` [.., width], `gain` [width] in f32. Zhang & Sennrich 2019. */
export function rmsNorm(pass: Pass, { x, gain }: { x: Tensor; gain: Tensor }, { eps }: { eps: number }): Tensor {
  const width = widthOf(x)
  require(widthOf(gain) === width, () => `rmsNorm: x [${x.shape}] has rows of ${width}, gain has ${widthOf(gain)}`)
  const y = pass.scratch(x.shape, x.type)
  const { kernel, rowwise, params, grid } = normPlan(pass, 'rmsNorm', x, eps)
  if (rowwise) pass.run({ ...kernel, entry: 'forwardRows' }, { x4: x, gain4: gain, y4: y }, params, grid)
  else pass.run({ ...kernel, entry: 'forward' }, { x, gain, y }, params, grid)
  pass.tape?.record({ x, gain }, y, { x, gain }, ({ pass, dy, saved }) => {
    let found: { dx: Tensor; scales: Tensor } | undefined
    const backward = () => {
      found ??= rmsNormGradient(pass, { ...saved, dy }, { eps })
      return found
    }
    return {
      x: () => backward().dx,
      gain: { add: (into) => gainGradient(pass, { x: saved.x, dy, scales: backward().scales, into }, { eps }) },
    }
  })
  return y
}

interface GradientInputs {
  x: Tensor
  gain: Tensor
  dy: Tensor
}

/** dx, and what each row was multiplied by, [rows] in f32. */
function rmsNormGradient(pass: Pass, { x, gain, dy }: GradientInputs, { eps }: { eps: number }) {
  const { kernel, rowwise, params, grid } = normPlan(pass, 'rmsNorm', x, eps)
  const [dx, scales] = [pass.scratch(x.shape, x.type), pass.scratch([rowsOf(x)])]
  activationOf('rmsNorm', x, dy)
  if (rowwise) {
    const buffers = { x4: x, gain4: gain, dy4: dy, dx4: dx, scales }
    pass.run({ ...kernel, entry: 'backwardRows' }, buffers, params, grid)
  } else {
    pass.run({ ...kernel, entry: 'backward' }, { x, gain, dy, dx, scales }, params, grid)
  }
  return { dx, scales }
}

function gainGradient(
  pass: Pass,
  { x, dy, scales, into }: { x: Tensor; dy: Tensor; scales: Tensor; into: Tensor },
  { eps }: { eps: number },
): void {
  const { kernel, params } = normPlan(pass, 'rmsNorm', x, eps)
  const grid = flatGrid(Math.ceil(sizeOf(into.shape) / 32))
  pass.run({ ...kernel, entry: 'backwardGain' }, { x, dy, scales, dGain: into }, params, grid)
}
