import type { Kernel } from '../gpu/wgsl.ts'
import type { Pass } from '../tensor/pass.ts'
import { rowsOf, type Tensor } from '../tensor/tensor.ts'
import { type Weight, weightBindings } from '../tensor/weight.ts'
import { activation, activationKinds } from './activation.ts'
import { add } from './add.ts'
import { linearInputGradient, linearWeightGradient } from './linearGradient.ts'
import { checkLinear, type LinearInputs, type LinearOptions, matvec } from './matvec.ts'
import { activationOf, require } from './require.ts'
import { sumRows } from './sumRows.ts'

export type { LinearInputs, LinearOptions }

/**
 * y = act(x · weightᵀ + bias) + residual, [.., outs]. One row is a matrix-vector product, several rows are tiled; where the
 * device exchanges values between neighbours cheaply against its loads, both have a kernel that does so. On a tape, x, bias,
 * residual and a weight of storage f32 in one part take gradients; another weight that is trained throws `bad-argument`.
 */
export function linear(pass: Pass, inputs: LinearInputs, options: LinearOptions = {}): Tensor {
  checkLinear('linear', inputs)
  const { x, weight, bias, residual } = inputs
  if (!pass.tape?.follows(x, weight, bias, residual)) return product(pass, inputs, options)
  const { activation: kind = 'none', path } = options
  if (kind !== 'none') {
    const inner = linear(pass, { x, weight, bias }, { path })
    const y = activation(pass, { x: inner }, { kind })
    return residual ? add(pass, { x: y, y: residual }) : y
  }
  const trained = isTrained(pass, 'linear', weight)
  const y = product(pass, inputs, options)
  const residualShape = residual?.shape
  pass.tape.record({ x, weight, bias, residual }, y, { x: trained ? x : undefined, weight }, ({ pass, dy, saved }) => ({
    x: () => linearInputGradient(pass, { dy, weight: saved.weight }, { path }),
    weight: { add: (into) => linearWeightGradient(pass, { x: saved.x!, dy, into }, { path }) },
    bias: { add: (into) => sumRows(pass, { x: dy, into }) },
    residual: () => ({ ...dy, shape: residualShape! }),
  }))
  return y
}

/** Whether the pass's tape trains `weight`; throws `bad-argument` where it is stored so that it cannot. */
export function isTrained(pass: Pass, op: string, weight: Weight): boolean {
  const trained = pass.tape?.follows(weight) ?? false
  require(!trained || (weight.storage === 'f32' && weight.parts.length === 1), () =>
    `${op}: only weights of storage f32 in one part can be trained, ${weight.name} [${weight.rows},${weight.cols}] is ${weight.storage} in ${weight.parts.length}`)
  return trained
}

function product(pass: Pass, inputs: LinearInputs, options: LinearOptions): Tensor {
  const { x, weight, bias, residual } = inputs
  const rows = rowsOf(x)
  if (rows === 1) return matvec(pass, inputs, options)
  const y = pass.scratch([...x.shape.slice(0, -1), weight.rows], x.type)
  const shuffled = options.path ? options.path === 'shuffled' : pass.gpu.paths.linear === 'shuffled'
  const wide = shuffled && weight.parts.every((part) => part.rows % 4 === 0 && part.firstRow % 4 === 0)
  const kernel: Kernel = {
    shader: shuffled ? 'linearShuffled' : 'linear',
    entry: wide ? 'forward4' : 'forward',
    activation: activationOf('linear', x),
    storage: weight.storage,
    overrides: { ALIGNED: Number(weight.cols % 4 === 0) },
  }
  const epilogue = {
    hasBias: Number(!!bias),
    hasResidual: Number(!!residual),
    activation: activationKinds[options.activation ?? 'none'],
    tile: 8,
  }
  const [b, r] = [bias ?? x, residual ?? x]
  const ends: Record<string, Tensor> = wide ? { bias4: b, residual4: r, y4: y } : { bias: b, residual: r, y }
  for (const part of weight.parts) {
    const buffers = { x, x4: x, ...ends, ...weightBindings(part) }
    const params = {
      rows,
      cols: weight.cols,
      outs: part.rows,
      firstOut: part.firstRow,
      stride: weight.rows,
      ...epilogue,
    }
    const grid: [number, number] = shuffled
      ? [Math.ceil(rows / 8), Math.ceil(part.rows / 128)]
      : [Math.ceil(part.rows / 64), Math.ceil(rows / 64)]
    pass.run(kernel, buffers, params, grid)
  }
  return y
}
