import { describe, expect, it } from 'vitest'
import { executeAndRead, stateTensor } from '../tensor/execute.ts'
import { checkGradients } from '../testing/checkGradients.ts'
import { type Arrays, checkOp } from '../testing/checkOp.ts'
import { testGpu } from '../testing/testGpu.ts'
import { joinRows } from './joinRows.ts'

const cases = [
  { images: 1, aRows: 1, bRows: 1, width: 1 },
  { images: 3, aRows: 2, bRows: 5, width: 7 },
  { images: 2, aRows: 9, bRows: 1, width: 100 },
  { images: 5, aRows: 16, bRows: 36, width: 48 },
  { images: 1, aRows: 3, bRows: 67, width: 1152 },
]
type Case = (typeof cases)[0]

const inputs = ({ images, aRows, bRows, width }: Case) => ({
  a: { shape: [images * aRows, width], activation: true },
  b: { shape: [images * bRows, width], activation: true },
})

const reference = ({ a, b }: Arrays, { images, aRows, bRows, width }: Case) => {
  const y: number[] = []
  for (let image = 0; image < images; image++) {
    for (let i = 0; i < aRows * width; i++) y.push(a![image * aRows * width + i]!)
    for (let i = 0; i < bRows * width; i++) y.push(b![image * bRows * width + i]!)
  }
  return { y: Float64Array.from(y) }
}

describe('joinRows', () => {
  checkOp('joinRows', {
    cases,
    inputs,
    run: (pass, { a, b }, { images }) => ({ y: joinRows(pass, { a: a!, b: b! }, { images }) }),
    reference,
    tolerance: { f32: 0, f16: 0 },
  })

  checkGradients('joinRows', {
    cases,
    inputs,
    run: (pass, { a, b }, { images }) => joinRows(pass, { a: a!, b: b! }, { images }),
    reference,
    wrt: ['a', 'b'],
  })

  it('names what does not fit', async () => {
    const gpu = await testGpu()
    const [a, b, c] = [stateTensor(gpu, 'a', [2, 8]), stateTensor(gpu, 'b', [3, 8]), stateTensor(gpu, 'c', [4, 6])]
    const run = (b: typeof a, images: number) =>
      executeAndRead(gpu, 'joinRows', (pass) => ({ y: joinRows(pass, { a, b }, { images }) }))
    await expect(run(c, 2)).rejects.toThrow('a [2,8] has width 8, b [4,6] has 6')
    await expect(run(b, 2)).rejects.toThrow('the 2 rows of a and 3 of b do not fall evenly on 2 images')
  })
})
