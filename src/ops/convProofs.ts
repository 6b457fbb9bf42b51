import type { Operand, Pass } from '../tensor/pass.ts'
import { Tape } from '../tensor/tape.ts'
import type { Tensor } from '../tensor/tensor.ts'
import { adaptivePool } from './adaptivePool.ts'
import { sums } from './add.ts'
import { depthwise } from './depthwise.ts'
import type { GradientProof } from './gradientProofs.ts'
import { normActivation } from './normActivation.ts'
import { type MapShape, plainDepthwise, plainGate, plainNorm, plainPool } from './plainConvolutions.ts'
import { type Samples, wave } from './proof.ts'
import { squeezeExcite } from './squeezeExcite.ts'

const shape: MapShape = {
  maps: 2,
  size: { height: 5, width: 6 },
  to: { height: 4, width: 7 },
  channels: 64,
  reduced: 32,
}
const eps = 1e-3

/**
 * What lies between the 1×1 convolutions of a C-Abstractor, one after the other: a depthwise convolution, its norm with a residual and
 * SiLU, squeeze-and-excitation and pooling; y, and the gradients of x and of every parameter.
 */
export async function convolutionProof(samples: Samples): Promise<GradientProof> {
  const { maps, size, to, channels, reduced } = shape
  const rows = maps * size.height * size.width
  const outs = maps * to.height * to.width
  const values = {
    x: wave(rows * channels, 0.37),
    weight: wave(9 * channels, 0.51),
    gain: wave(channels, 0.9),
    bias: wave(channels, 0.61),
    squeezeBias: wave(reduced, 0.83),
    exciteBias: wave(channels, 0.71),
  }
  const dy = wave(outs * channels, 0.23)
  const x = samples.put([rows, channels], values.x)
  const arrived = samples.put([outs, channels], dy)
  const first = await samples.weight('f32', reduced, channels)
  const second = await samples.weight('f32', channels, reduced)
  const norms = { gain: samples.put([channels], values.gain), bias: samples.put([channels], values.bias) }
  const layers = {
    squeeze: first.weight,
    squeezeBias: samples.put([reduced], values.squeezeBias),
    excite: second.weight,
    exciteBias: samples.put([channels], values.exciteBias),
  }
  const weight = samples.put([channels, 1, 3, 3], values.weight)
  const run = (pass: Pass) => {
    const local = depthwise(pass, { x, weight }, size)
    const normed = normActivation(pass, { x: local, residual: x, ...norms }, { eps, kind: 'silu' })
    return adaptivePool(pass, { x: squeezeExcite(pass, { x: normed, ...layers }, { maps }) }, { size, to })
  }
  return {
    what: 'the convolutions of an abstractor and their gradients',
    paths: ['linearGradient', 'linear'],
    run: (pass) => backwards(pass, x, { weight, ...norms, ...layers }, arrived, run),
    want: plainChain({ ...values, squeeze: first.matrix, excite: second.matrix }, dy),
  }
}

/** y, the gradient of x, and that of each parameter by its name. */
function backwards(
  pass: Pass,
  x: Tensor,
  parameters: Record<string, Operand>,
  dy: Tensor,
  run: (pass: Pass) => Tensor,
): Record<string, Tensor> {
  const gradients = Object.entries(parameters).map(([name, operand]) => {
    const into = pass.scratch('parts' in operand ? [operand.rows, operand.cols] : operand.shape)
    pass.clear(into)
    return [name, operand, into] as const
  })
  const tape = new Tape(new Map(gradients.map(([, operand, into]) => [operand, into])), sums)
  tape.watch(x)
  pass.tape = tape
  const y = run(pass)
  const kept = pass.scratch(y.shape)
  pass.copy(y, kept)
  const dx = tape.backward(pass, y, dy).get(x)!
  pass.tape = undefined
  return { y: kept, x: dx, ...Object.fromEntries(gradients.map(([name, , into]) => [name, into])) }
}

type Values = Record<
  'x' | 'weight' | 'gain' | 'bias' | 'squeeze' | 'squeezeBias' | 'excite' | 'exciteBias',
  Float32Array
>

function plainChain(values: Values, dy: Float32Array): Record<keyof Values | 'y', Float64Array> {
  const { x, weight } = values
  const local = plainDepthwise(x, weight, shape)
  const normed = plainNorm({ ...values, x: local.y, residual: x }, eps)
  const gated = plainGate({ ...values, x: normed.y }, shape)
  const pooled = plainPool(gated.y, shape)
  const { x: dGated } = pooled.back(dy)
  const { x: dNormed, ...layers } = gated.back(dGated)
  const { x: dLocal, residual, ...norms } = normed.back(dNormed)
  const { x: dx, weight: dWeight } = local.back(dLocal)
  return { y: pooled.y, x: dx.map((value, i) => value + residual[i]!), weight: dWeight, ...norms, ...layers }
}
