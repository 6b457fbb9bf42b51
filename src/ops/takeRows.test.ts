import { describe, expect, it } from 'vitest'
import { executeAndRead, stateTensor } from '../tensor/execute.ts'
import { checkGradients } from '../testing/checkGradients.ts'
import { type Arrays, checkOp } from '../testing/checkOp.ts'
import { testGpu } from '../testing/testGpu.ts'
import { takeRows } from './takeRows.ts'

const cases = [
  { images: 1, whole: 1, first: 0, rows: 1, width: 1 },
  { images: 3, whole: 7, first: 0, rows: 2, width: 7 },
  { images: 2, whole: 9, first: 8, rows: 1, width: 100 },
  { images: 5, whole: 52, first: 16, rows: 36, width: 48 },
  { images: 1, whole: 70, first: 2, rows: 67, width: 1152 },
]
type Case = (typeof cases)[0]

const inputs = ({ images, whole, width }: Case) => ({ x: { shape: [images * whole, width], activation: true } })

const reference = ({ x }: Arrays, { images, whole, first, rows, width }: Case) => {
  const y: number[] = []
  for (let image = 0; image < images; image++) {
    const begin = (image * whole + first) * width
    y.push(...x!.slice(begin, begin + rows * width))
  }
  return { y: Float64Array.from(y) }
}

describe('takeRows', () => {
  checkOp('takeRows', {
    cases,
    inputs,
    run: (pass, { x }, { images, first, rows }) => ({ y: takeRows(pass, { x: x! }, { images, first, rows }) }),
    reference,
    tolerance: { f32: 0, f16: 0 },
  })

  checkGradients('takeRows', {
    cases,
    inputs,
    run: (pass, { x }, { images, first, rows }) => takeRows(pass, { x: x! }, { images, first, rows }),
    reference,
    wrt: ['x'],
  })

  it('names what does not fit', async () => {
    const gpu = await testGpu()
    const x = stateTensor(gpu, 'x', [6, 8])
    const run = (images: number) =>
      executeAndRead(gpu, 'takeRows', (pass) => ({ y: takeRows(pass, { x }, { images, first: 2, rows: 2 }) }))
    await expect(run(4)).rejects.toThrow('the 6 rows of x [6,8] do not fall evenly on 4 images')
    await expect(run(2)).rejects.toThrow('rows 2..4 of each image are wanted, x [6,8] has 3 for each of 2')
  })
})
