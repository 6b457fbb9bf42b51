import { describe, expect, it } from 'vitest'
import { executeAndRead, stateTensor } from '../tensor/execute.ts'
import { checkOp } from '../testing/checkOp.ts'
import { testGpu } from '../testing/testGpu.ts'
import { unfold } from './unfold.ts'

describe('unfold', () => {
  for (const type of ['f32', 'f16'] as const)
    checkOp('unfold', {
      cases: [
        { images: 1, channels: 1, height: 1, width: 1, patch: 1 },
        { images: 2, channels: 3, height: 6, width: 9, patch: 3 },
        { images: 1, channels: 3, height: 11, width: 17, patch: 4 },
        { images: 2, channels: 3, height: 28, width: 28, patch: 14 },
      ],
      activations: [type],
      inputs: ({ images, channels, height, width }) => ({ pixels: { shape: [images, channels, height, width] } }),
      run: (pass, { pixels }, { patch }) => ({ y: unfold(pass, { pixels: pixels! }, { patch, type }) }),
      reference: ({ pixels }, { images, channels, height, width, patch }) => {
        const y: number[] = []
        for (let b = 0; b < images; b++)
          for (let top = 0; top + patch <= height; top += patch)
            for (let left = 0; left + patch <= width; left += patch)
              for (let c = 0; c < channels; c++)
                for (let i = 0; i < patch; i++)
                  for (let j = 0; j < patch; j++)
                    y.push(pixels![((b * channels + c) * height + top + i) * width + left + j]!)
        return { y: Float64Array.from(y) }
      },
      tolerance: { f32: 0, f16: 1e-3 },
    })

  it('refuses a patch larger than the image', async () => {
    const gpu = await testGpu()
    const pixels = stateTensor(gpu, 'pixels', [1, 3, 8, 20])
    const run = executeAndRead(gpu, 'unfold', (pass) => ({ y: unfold(pass, { pixels }, { patch: 14 }) }))
    await expect(run).rejects.toThrow('no patch of 14 fits into pixels of 20 × 8')
  })
})
