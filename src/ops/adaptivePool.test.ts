import { describe, expect, it } from 'vitest'
import { executeAndRead, stateTensor } from '../tensor/execute.ts'
import type { Pass } from '../tensor/pass.ts'
import type { Tensor } from '../tensor/tensor.ts'
import { checkGradients } from '../testing/checkGradients.ts'
import { type Arrays, checkOp } from '../testing/checkOp.ts'
import { testGpu } from '../testing/testGpu.ts'
import { adaptivePool } from './adaptivePool.ts'

const cases = [
  { maps: 1, from: '1x1', to: '1x1', channels: 1 },
  { maps: 2, from: '1x1', to: '3x2', channels: 4 },
  { maps: 2, from: '5x1', to: '2x1', channels: 3 },
  { maps: 1, from: '1x7', to: '1x4', channels: 8 },
  { maps: 2, from: '6x6', to: '4x4', channels: 12 },
  { maps: 2, from: '6x6', to: '9x9', channels: 4 },
  { maps: 3, from: '4x4', to: '4x4', channels: 5 },
  { maps: 2, from: '8x6', to: '4x3', channels: 36 },
  { maps: 1, from: '7x5', to: '3x11', channels: 4 },
]
type Case = (typeof cases)[0]

const sizeOf = (text: string) => {
  const [height, width] = text.split('x').map(Number) as [number, number]
  return { height, width }
}

const windowOf = (i: number, n: number, m: number) => {
  const first = Math.floor((i * n) / m)
  return Array.from({ length: Math.ceil(((i + 1) * n) / m) - first }, (_, k) => first + k)
}

const check = {
  cases,
  inputs: ({ maps, from, channels }: Case) => {
    const { height, width } = sizeOf(from)
    return { x: { shape: [maps * height * width, channels], activation: true } }
  },
  reference: ({ x }: Arrays, { maps, from, to, channels }: Case) => {
    const [size, out] = [sizeOf(from), sizeOf(to)]
    const y = Float64Array.from({ length: maps * out.height * out.width * channels }, (_, at) => {
      const [pixel, channel] = [Math.floor(at / channels), at % channels]
      const [line, j] = [Math.floor(pixel / out.width), pixel % out.width]
      const [map, i] = [Math.floor(line / out.height), line % out.height]
      const rows = windowOf(i, size.height, out.height)
      const columns = windowOf(j, size.width, out.width)
      const values = rows.flatMap((r) =>
        columns.map((c) => x![((map * size.height + r) * size.width + c) * channels + channel]!),
      )
      return values.reduce((sum, value) => sum + value, 0) / values.length
    })
    return { y }
  },
  run: (pass: Pass, { x }: Record<string, Tensor>, { from, to }: Case) =>
    adaptivePool(pass, { x: x! }, { size: sizeOf(from), to: sizeOf(to) }),
}

describe('adaptivePool', () => {
  checkOp('adaptivePool', { ...check, run: (pass, tensors, c) => ({ y: check.run(pass, tensors, c) }) })

  checkGradients('adaptivePool', { ...check, wrt: ['x'] })

  it('finds each window, of any side up to 64 and of 511 to 512', async () => {
    const gpu = await testGpu()
    const sides = [...Array.from({ length: 64 }, (_, i) => [i + 1, 64 - i] as const), [511, 512], [512, 511]] as const
    for (const [n, m] of sides) {
      const x = stateTensor(gpu, 'x', [n, 1])
      gpu.device.queue.writeBuffer(
        x.buffer,
        0,
        Float32Array.from({ length: n }, (_, i) => i),
      )
      const { y } = await executeAndRead(gpu, 'adaptivePool', (pass) => ({
        y: adaptivePool(pass, { x }, { size: { height: 1, width: n }, to: { height: 1, width: m } }),
      }))
      gpu.memory.destroy(x.buffer)
      const want = Array.from({ length: m }, (_, i) => {
        const window = windowOf(i, n, m)
        return (window[0]! + window.at(-1)!) / 2
      })
      want.forEach((value, i) => {
        expect(Math.abs(y[i]! - value), `cell ${i} of ${n} → ${m} is ${y[i]}, should be ${value}`).toBeLessThan(0.01)
      })
    }
  })

  it('refuses rows that are no whole number of maps, and no sides', async () => {
    const gpu = await testGpu()
    const x = stateTensor(gpu, 'x', [12, 6])
    const run = (height: number, side: number) =>
      executeAndRead(gpu, 'adaptivePool', (pass) => ({
        y: adaptivePool(pass, { x }, { size: { height, width: 2 }, to: { height: side, width: side } }),
      }))
    await expect(run(4, 2)).rejects.toThrow('x [12,6] is no whole number of maps of 4 × 2 pixels')
    await expect(run(3, 0)).rejects.toThrow('sides must be from 1 to 512, found 3 × 2 to 0 × 0')
  })
})
