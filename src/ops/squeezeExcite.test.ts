import { describe, expect, it } from 'vitest'
import { executeAndRead, stateTensor } from '../tensor/execute.ts'
import type { Pass } from '../tensor/pass.ts'
import type { Tensor } from '../tensor/tensor.ts'
import { blockSize, blocksOf, type Weight } from '../tensor/weight.ts'
import { checkGradients } from '../testing/checkGradients.ts'
import { type Arrays, checkOp } from '../testing/checkOp.ts'
import { hardNumbers } from '../testing/hardNumbers.ts'
import { plannedForGpu } from '../testing/plannedForGpu.ts'
import { testGpu } from '../testing/testGpu.ts'
import { squeezeExcite } from './squeezeExcite.ts'

const cases = [
  { maps: 1, pixels: 1, channels: 4, reduced: 1 },
  { maps: 2, pixels: 6, channels: 7, reduced: 2 },
  { maps: 1, pixels: 64, channels: 36, reduced: 9 },
  { maps: 3, pixels: 9, channels: 48, reduced: 12 },
  { maps: 9, pixels: 4, channels: 40, reduced: 8 },
]
type Case = (typeof cases)[0]

const padded = (cols: number) => blockSize * blocksOf(cols)

/** A matrix of rows that are filled up with zeros. */
const matrix = (rows: number, cols: number, seed: number) =>
  hardNumbers(rows * padded(cols), 'mixed', seed).map((value, i) => (i % padded(cols) < cols ? value / 4 : 0))

/** The tensor of a padded matrix, which is also the weight that its buffer holds. */
const asWeight = (tensor: Tensor, rows: number, cols: number): Tensor & Weight =>
  Object.assign(tensor, {
    name: 'weight',
    rows,
    cols,
    storage: 'f32' as const,
    parts: [{ firstRow: 0, rows, weight: tensor.buffer }],
  })

const sigmoid = (x: number) => 1 / (1 + Math.exp(-x))

const check = {
  cases,
  inputs: ({ maps, pixels, channels, reduced }: Case) => ({
    x: { shape: [maps * pixels, channels], activation: true },
    squeeze: { shape: [reduced, padded(channels)] },
    squeezeBias: { shape: [reduced] },
    excite: { shape: [channels, padded(reduced)] },
    exciteBias: { shape: [channels] },
  }),
  values: {
    squeeze: (_: number, { channels, reduced }: Case) => matrix(reduced, channels, 5),
    squeezeBias: (count: number) => hardNumbers(count, 'mixed', 6),
    excite: (_: number, { channels, reduced }: Case) => matrix(channels, reduced, 7),
    exciteBias: (count: number) => hardNumbers(count, 'mixed', 8),
  },
  reference: (
    { x, squeeze, squeezeBias, excite, exciteBias }: Arrays,
    { maps, pixels, channels, reduced }: Case,
  ): Arrays => {
    const y = new Float64Array(x!.length)
    for (let map = 0; map < maps; map++) {
      const at = (pixel: number, channel: number) => (map * pixels + pixel) * channels + channel
      const means = Array.from({ length: channels }, (_, n) => {
        let sum = 0
        for (let p = 0; p < pixels; p++) sum += x![at(p, n)]!
        return sum / pixels
      })
      const hidden = Array.from({ length: reduced }, (_, r) => {
        const z = means.reduce((sum, m, n) => sum + m * squeeze![r * padded(channels) + n]!, squeezeBias![r]!)
        return z * sigmoid(z)
      })
      for (let n = 0; n < channels; n++) {
        const gate = sigmoid(hidden.reduce((sum, h, r) => sum + h * excite![n * padded(reduced) + r]!, exciteBias![n]!))
        for (let p = 0; p < pixels; p++) y[at(p, n)] = x![at(p, n)]! * gate
      }
    }
    return { y }
  },
  run: (pass: Pass, tensors: Record<string, Tensor>, { maps, channels, reduced }: Case) => {
    const { x, squeezeBias, exciteBias } = tensors as Record<'x' | 'squeezeBias' | 'exciteBias', Tensor>
    const squeeze = asWeight(tensors.squeeze!, reduced, channels)
    const excite = asWeight(tensors.excite!, channels, reduced)
    return squeezeExcite(pass, { x, squeeze, squeezeBias, excite, exciteBias }, { maps })
  },
  peak: 10,
}

describe('squeezeExcite', () => {
  checkOp('squeezeExcite', { ...check, run: (pass, tensors, c) => ({ y: check.run(pass, tensors, c) }) })

  const parameters = ['squeeze', 'squeezeBias', 'excite', 'exciteBias']
  checkGradients('squeezeExcite', { ...check, wrt: ['x'], parameters, tolerance: { f32: 1e-4, f16: 2e-2 } })
  checkGradients('squeezeExcite by x alone', {
    ...check,
    cases: cases.slice(0, 2),
    wrt: ['x'],
    activations: ['f32'],
    tolerance: { f32: 1e-4 },
  })

  it('refuses rows that are no whole number per map', async () => {
    const gpu = await testGpu()
    const [x, squeeze] = [stateTensor(gpu, 'x', [12, 6]), asWeight(stateTensor(gpu, 'w', [6, 32]), 6, 6)]
    const bias = stateTensor(gpu, 'bias', [6])
    const run = executeAndRead(gpu, 'squeezeExcite', (pass) => {
      const layers = { squeeze, squeezeBias: bias, excite: squeeze, exciteBias: bias }
      return { y: squeezeExcite(pass, { x, ...layers }, { maps: 5 }) }
    })
    await expect(run).rejects.toThrow('x [12,6] is no whole number of pixels for each of 5 maps')
  })
})

describe('squeezeExcite as on a GPU', () => {
  plannedForGpu()
  const several = { ...check, cases: cases.slice(2, 4), activations: ['f32' as const] }
  checkOp('squeezeExcite', { ...several, run: (pass, tensors, c) => ({ y: check.run(pass, tensors, c) }) })
  checkGradients('squeezeExcite', {
    ...several,
    wrt: ['x'],
    parameters: ['squeeze', 'excite'],
    tolerance: { f32: 1e-4 },
  })
})
