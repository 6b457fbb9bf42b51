import type { Kernel } from '../gpu/wgsl.ts'
import type { Pass } from '../tensor/pass.ts'
import { rowsOf, type Tensor, widthOf } from '../tensor/tensor.ts'
import { blockBindings, type Weight } from '../tensor/weight.ts'
import { type ActivationKind, activationKinds } from './activation.ts'
import { gatedActivation } from './gatedActivation.ts'
import { flatGrid } from './grid.ts'
import { activationOf, require } from './require.ts'

export interface LinearInputs {
  /** [.., cols] */
  x: Tensor
  /** [outs, cols] */
  weight: Weight
  /** [outs], f32 */
  bias?: Tensor
  /** [.., outs], added after the activation */
  residual?: Tensor
}

export interface LinearOptions {
  activation?: ActivationKind
  /** Overrides the choice of kernel; tests and the self-test compare them. */
  path?: 'plain' | 'shuffled'
}

export interface MatvecInputs extends LinearInputs {
  /** [cols], f32: x is root-mean-square normalized with it first */
  gain?: Tensor
}

export interface MatvecOptions extends LinearOptions {
  /** `eps` of the normalization; needs `gain` */
  eps?: number
  /** Invocations of the plain kernel that share a row of the weight; by default 16, or 1 where a CPU stands in for the GPU. */
  lanes?: 1 | 16
  /** The weight holds gate rows, then as many up rows: y = act(gate · x) · (up · x). */
  gated?: boolean
}

/** `linear` of a single row, with the normalization before it and the gate behind it fused: the decode step's workhorse. */
export function matvec(pass: Pass, inputs: MatvecInputs, options: MatvecOptions = {}): Tensor {
  const { x, weight, bias, residual, gain } = inputs
  require(rowsOf(x) === 1, () => `matvec: x [${x.shape}] has ${rowsOf(x)} rows, expected 1`)
  if (options.gated && weight.parts.length > 1) {
    const both = matvec(pass, inputs, { ...options, gated: false, activation: 'none' })
    return gatedActivation(pass, { x: both }, { kind: options.activation ?? 'silu' })
  }
  const outs = options.gated ? weight.rows / 2 : weight.rows
  checkLinear('matvec', options.gated ? { x, weight } : { x, weight, bias, residual })
  const y = pass.scratch([...x.shape.slice(0, -1), outs], x.type)
  const shuffled = options.path ? options.path === 'shuffled' : pass.gpu.paths.matvec === 'shuffled'
  const lanes = options.lanes ?? (pass.gpu.abilities.cpu ? 1 : 16)
  const overrides = {
    NORM: Number(!!gain),
    GATED: Number(!!options.gated),
  }
  const epilogue = {
    eps: options.eps ?? 0,
    hasBias: Number(!!bias),
    hasResidual: Number(!!residual),
    activation: activationKinds[options.activation ?? 'none'],
  }
  const kernel: Kernel = {
    shader: shuffled ? 'matvecShuffled' : 'matvec',
    entry: 'forward',
    activation: activationOf('matvec', x),
    storage: weight.storage,
    overrides: shuffled ? { ...overrides, ALIGNED: Number(weight.cols % 4 === 0) } : { ...overrides, LANES: lanes },
  }
  for (const part of weight.parts) {
    const rows = options.gated ? outs : part.rows
    const buffers = { x, gain: gain ?? x, bias: bias ?? x, residual: residual ?? x, y, ...blockBindings(part) }
    const params = { cols: weight.cols, outs: rows, firstOut: part.firstRow, ...epilogue }
    pass.run(
      kernel,
      shuffled ? { ...buffers, x4: x } : buffers,
      params,
      flatGrid(Math.ceil(rows / (shuffled ? 16 : 64 / lanes))),
    )
  }
  return y
}

/** Throws `bad-argument` where the inputs of a linear operation do not fit each other. */
export function checkLinear(op: string, { x, weight, bias, residual }: LinearInputs): void {
  const { name, rows, cols } = weight
  require(widthOf(x) === cols, () =>
    `${op}: ${name} [${rows},${cols}] expects rows of ${cols}, x [${x.shape}] has ${widthOf(x)}`)
  if (bias)
    require(widthOf(bias) === rows, () =>
      `${op}: ${name} [${rows},${cols}] expects a bias of ${rows}, got [${bias.shape}]`)
  if (!residual) return
  const fits = widthOf(residual) === rows && rowsOf(residual) === rowsOf(x)
  require(fits, () => `${op}: ${name} gives [${rowsOf(x)},${rows}], the residual is [${residual.shape}]`)
}
