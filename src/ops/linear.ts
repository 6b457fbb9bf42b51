import type { Kernel } from '../gpu/wgsl.ts'
import type { Pass } from '../tensor/pass.ts'
import { rowsOf, type Tensor } from '../tensor/tensor.ts'
import { weightBindings } from '../tensor/weight.ts'
import { activationKinds } from './activation.ts'
import { checkLinear, type LinearInputs, type LinearOptions, matvec } from './matvec.ts'
import { activationOf } from './require.ts'

export type { LinearInputs, LinearOptions }

/**
 * y = act(x · weightᵀ + bias) + residual, [.., outs]. One row is a matrix-vector product, several rows are tiled; where the
 * device exchanges values between neighbours cheaply against its loads, both have a kernel that does so.
 */
export function linear(pass: Pass, inputs: LinearInputs, options: LinearOptions = {}): Tensor {
  const { x, weight, bias, residual } = inputs
  checkLinear('linear', inputs)
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
