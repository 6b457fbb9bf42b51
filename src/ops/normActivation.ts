import type { Pass } from '../tensor/pass.ts'
import { rowsOf, type Tensor, widthOf } from '../tensor/tensor.ts'
import { type ActivationKind, activationKinds } from './activation.ts'
import { flatGrid } from './grid.ts'
import { normPlan } from './normPlan.ts'
import { activationOf, require } from './require.ts'

interface NormInputs {
  /** [.., width] */
  x: Tensor
  /** [width], f32 */
  gain: Tensor
  /** [width], f32 */
  bias: Tensor
  /** [.., width], added before the activation */
  residual?: Tensor
}

interface NormOptions {
  eps: number
  kind: ActivationKind
}

/** y = f(layerNorm(x) + residual) in one kernel, over the last axis of `x`. */
export function normActivation(pass: Pass, inputs: NormInputs, options: NormOptions): Tensor {
  const { x, gain, bias, residual } = inputs
  const width = widthOf(x)
  require(widthOf(gain) === width && widthOf(bias) === width, () =>
    `normActivation: x [${x.shape}] has rows of ${width}, gain has ${widthOf(gain)} and bias ${widthOf(bias)}`)
  require(!residual || (rowsOf(residual) === rowsOf(x) && widthOf(residual) === width), () =>
    `normActivation: x is [${x.shape}], the residual [${residual?.shape}]`)
  const [y, statistics] = [pass.scratch(x.shape, x.type), pass.scratch([rowsOf(x), 2])]
  run(pass, 'forward', { x, gain, bias, residual: residual ?? x, y }, { statistics }, inputs, options)
  const trained = [gain, bias].filter((parameter) => pass.tape?.follows(parameter)).length
  const saved = { x, gain, bias, residual, statistics }
  const residualShape = residual?.shape
  pass.tape?.record({ x, gain, bias, residual }, y, saved, ({ pass, dy, saved }) => {
    let found: { dx: Tensor; flow: Tensor } | undefined
    const backward = () => {
      found ??= inputGradient(pass, { ...saved, dy }, options)
      return found
    }
    const into: Partial<Record<'dGain' | 'dBias', Tensor>> = {}
    const add = (name: 'dGain' | 'dBias') => ({
      add: (tensor: Tensor) => {
        into[name] = tensor
        if (Object.keys(into).length === trained) parameterGradients(pass, { ...saved, dy: backward().flow }, into)
      },
    })
    return {
      x: () => backward().dx,
      gain: add('dGain'),
      bias: add('dBias'),
      residual: () => ({ ...backward().flow, shape: residualShape! }),
    }
  })
  return y
}

interface Saved extends NormInputs {
  statistics: Tensor
  dy: Tensor
}

/** dx, and the gradient of what goes into the activation: `flow`, of x's shape. */
function inputGradient(pass: Pass, inputs: Saved, options: NormOptions): { dx: Tensor; flow: Tensor } {
  const { x, gain, bias, residual = x, statistics, dy } = inputs
  const [dx, flow] = [pass.scratch(x.shape, x.type), pass.scratch(x.shape, x.type)]
  run(pass, 'backward', { x, gain, bias, residual, dy, flow, dx }, { known: statistics }, inputs, options)
  return { dx, flow }
}

/** Both sums over the rows in one kernel; what is not trained goes to scratch. */
function parameterGradients(
  pass: Pass,
  { x, dy, statistics }: Pick<Saved, 'x' | 'dy' | 'statistics'>,
  into: Partial<Record<'dGain' | 'dBias', Tensor>>,
): void {
  const width = widthOf(x)
  const kernel = { shader: 'normActivation', activation: activationOf('normActivation', x, dy) }
  const { dGain = pass.scratch([width]), dBias = pass.scratch([width]) } = into
  const params = { rows: rowsOf(x), width, eps: 0 }
  if (pass.gpu.abilities.cpu && width % 4 === 0) {
    const buffers = { x4: x, dy4: dy, known: statistics, dGain4: dGain, dBias4: dBias }
    pass.run({ ...kernel, entry: 'backwardGain4' }, buffers, params, flatGrid(Math.ceil(width / 32)))
  } else {
    const buffers = { x, dy, known: statistics, dGain, dBias }
    pass.run({ ...kernel, entry: 'backwardGain' }, buffers, params, flatGrid(Math.ceil(width / 32)))
  }
}

function run(
  pass: Pass,
  entry: 'forward' | 'backward',
  buffers: Record<string, Tensor>,
  statistics: Record<string, Tensor>,
  { x, residual }: NormInputs,
  { eps, kind }: NormOptions,
): void {
  const { kernel, rowwise, params, grid } = normPlan(pass, 'normActivation', x, eps)
  const overrides = { KIND: activationKinds[kind], RESIDUAL: Number(!!residual) }
  const bound = Object.entries(buffers).map(([name, tensor]) => [rowwise ? `${name}4` : name, tensor])
  const all = { ...Object.fromEntries(bound), ...statistics }
  pass.run({ ...kernel, overrides, entry: rowwise ? `${entry}Rows` : entry }, all, params, grid)
}
