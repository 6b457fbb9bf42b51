import { describe, expect, it } from 'vitest'
import { executeAndRead, stateTensor } from '../tensor/execute.ts'
import type { Pass } from '../tensor/pass.ts'
import type { Tensor } from '../tensor/tensor.ts'
import { checkGradients } from '../testing/checkGradients.ts'
import { type Arrays, checkOp } from '../testing/checkOp.ts'
import { plannedForGpu } from '../testing/plannedForGpu.ts'
import { testGpu } from '../testing/testGpu.ts'
import { depthwise } from './depthwise.ts'

const cases = [
  { maps: 1, height: 1, width: 1, channels: 4 },
  { maps: 3, height: 1, width: 1, channels: 3 },
  { maps: 2, height: 1, width: 7, channels: 8 },
  { maps: 2, height: 6, width: 1, channels: 4 },
  { maps: 1, height: 4, width: 3, channels: 7 },
  { maps: 2, height: 5, width: 9, channels: 12 },
  { maps: 2, height: 8, width: 8, channels: 12 },
  { maps: 1, height: 2, width: 5, channels: 132 },
  { maps: 5, height: 9, width: 2, channels: 4 },
]
type Case = (typeof cases)[0]

const check = {
  cases,
  inputs: ({ maps, height, width, channels }: Case) => ({
    x: { shape: [maps * height * width, channels], activation: true },
    weight: { shape: [channels, 1, 3, 3] },
  }),
  reference: ({ x, weight }: Arrays, { height, width, channels }: Case) => ({
    y: x!.map((_, at) => {
      const [pixel, channel] = [Math.floor(at / channels), at % channels]
      const [line, column] = [Math.floor(pixel / width), pixel % width]
      const [first, row] = [line - (line % height), line % height]
      let sum = 0
      for (let i = 0; i < 3; i++) {
        for (let j = 0; j < 3; j++) {
          const [r, c] = [row + i - 1, column + j - 1]
          if (r < 0 || r >= height || c < 0 || c >= width) continue
          sum += weight![channel * 9 + 3 * i + j]! * x![((first + r) * width + c) * channels + channel]!
        }
      }
      return sum
    }),
  }),
  run: (pass: Pass, { x, weight }: Record<string, Tensor>, c: Case) => depthwise(pass, { x: x!, weight: weight! }, c),
}

describe('depthwise', () => {
  checkOp('depthwise', { ...check, run: (pass, tensors, c) => ({ y: check.run(pass, tensors, c) }) })

  checkGradients('depthwise', { ...check, wrt: ['x'], parameters: ['weight'], peak: 200 })

  it('refuses rows that are no whole number of maps, and a weight for other channels', async () => {
    const gpu = await testGpu()
    const [x, weight] = [stateTensor(gpu, 'x', [12, 6]), stateTensor(gpu, 'weight', [5, 1, 3, 3])]
    const run = (height: number) =>
      executeAndRead(gpu, 'depthwise', (pass) => ({ y: depthwise(pass, { x, weight }, { height, width: 2 }) }))
    await expect(run(4)).rejects.toThrow('x [12,6] is no whole number of maps of 4 × 2 pixels')
    await expect(run(3)).rejects.toThrow('x [12,6] needs a weight [6,1,3,3], found [5,1,3,3]')
  })
})

describe('depthwise as on a GPU', () => {
  plannedForGpu()
  const several = { ...check, cases: cases.filter(({ width, channels }) => width > 4 && channels % 4 === 0) }
  checkOp('depthwise', {
    ...several,
    run: (pass, tensors, c) => ({ y: check.run(pass, tensors, c) }),
    activations: ['f32'],
  })
  checkGradients('depthwise', { ...several, wrt: ['x'], parameters: ['weight'], peak: 200, activations: ['f32'] })
})
