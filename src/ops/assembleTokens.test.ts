import { describe, expect, it } from 'vitest'
import { executeAndRead, stateTensor } from '../tensor/execute.ts'
import { checkOp } from '../testing/checkOp.ts'
import { testGpu } from '../testing/testGpu.ts'
import { assembleTokens } from './assembleTokens.ts'

describe('assembleTokens', () => {
  checkOp('assembleTokens', {
    cases: [0, 1].flatMap((classRows) => [
      { classRows, images: 1, patches: 1, width: 1 },
      { classRows, images: 3, patches: 4, width: 7 },
      { classRows, images: 2, patches: 16, width: 100 },
    ]),
    inputs: ({ classRows, images, patches, width }) => ({
      patches: { shape: [images * patches, width], activation: true },
      classToken: { shape: [width] },
      positions: { shape: [patches + classRows, width] },
    }),
    run: (pass, { patches, classToken, positions }, { classRows }) => {
      const inputs = { patches: patches!, positions: positions! }
      return { y: assembleTokens(pass, classRows ? { ...inputs, classToken: classToken! } : inputs) }
    },
    reference: ({ patches, classToken, positions }, { classRows, images, patches: count, width }) => {
      const y: number[] = []
      for (let b = 0; b < images; b++)
        for (let n = 0; n < count + classRows; n++)
          for (let i = 0; i < width; i++) {
            const token = n < classRows ? classToken![i]! : patches![(b * count + n - classRows) * width + i]!
            y.push(token + positions![n * width + i]!)
          }
      return { y: Float64Array.from(y) }
    },
    tolerance: { f32: 1e-6, f16: 1e-3 },
    peak: 1e3,
  })

  it('says which positions do not fit', async () => {
    const gpu = await testGpu()
    const [patches, positions] = [stateTensor(gpu, 'patches', [4, 8]), stateTensor(gpu, 'positions', [5, 8])]
    const run = executeAndRead(gpu, 'tokens', (pass) => ({ y: assembleTokens(pass, { patches, positions }) }))
    await expect(run).rejects.toThrow('positions [5,8] do not fit patches [4,8] without class token')
  })
})
