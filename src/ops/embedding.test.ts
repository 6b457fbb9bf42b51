import { describe, expect, it } from 'vitest'
import type { Gpu } from '../gpu/device.ts'
import type { Activation, Storage } from '../gpu/wgsl.ts'
import { executeAndRead, stateTensor, upload } from '../tensor/execute.ts'
import { expectClose } from '../testing/checkOp.ts'
import { hardNumbers } from '../testing/hardNumbers.ts'
import { storeMatrix, uploadWeight } from '../testing/referenceWeight.ts'
import { testGpu } from '../testing/testGpu.ts'
import { embedding } from './embedding.ts'

const storages: Storage[] = ['f32', 'f16', 'q8', 'q4']
const shapes: [rows: number, cols: number, rowsPerPart: number][] = [
  [1, 1, 1],
  [9, 7, 4],
  [300, 100, 300],
  [50, 192, 17],
]

describe('embedding', () => {
  for (const type of ['f32', 'f16'] as const)
    for (const storage of storages)
      for (const [rows, cols, rowsPerPart] of shapes)
        it(`${type} from ${storage} [${rows},${cols}] in parts of ${rowsPerPart}`, async ({ skip }) => {
          const gpu = await testGpu()
          if (type === 'f16' && !gpu.abilities.f16) skip('this device has no shader-f16')
          await compare(type, storage, [rows, cols], rowsPerPart)
        })

  it('takes the one id of a decode step from the cursor', async () => {
    const gpu = await testGpu()
    const { weight, values } = table(gpu, [20, 8], 'q8')
    const cursor = stateTensor(gpu, 'cursor', [8], 'u32')
    upload(gpu, cursor, Uint32Array.of(3, 17, 5, 0, 0, 0, 0, 0))
    const { y } = await executeAndRead(gpu, 'embedding', (pass) => ({
      y: embedding(pass, { ids: cursor, table: weight }, { idOffset: 1, rows: 1 }),
    }))
    expectClose('row 17', y, values.subarray(17 * 8, 18 * 8), 1e-6)
  })

  it('refuses more ids than there are', async () => {
    const gpu = await testGpu()
    const { weight } = table(gpu, [2, 8], 'f32')
    const ids = stateTensor(gpu, 'ids', [4], 'u32')
    const run = executeAndRead(gpu, 'embedding', (pass) => ({
      y: embedding(pass, { ids, table: weight }, { idOffset: 2, rows: 3 }),
    }))
    await expect(run).rejects.toThrow('3 ids from 2 on are wanted, ids has 4')
  })
})

function table(gpu: Gpu, [rows, cols]: [number, number], storage: Storage, rowsPerPart = rows) {
  const stored = storeMatrix(hardNumbers(rows * cols, 'mixed', rows + cols), rows, cols, storage)
  return { weight: uploadWeight(gpu, stored, rows, cols, storage, rowsPerPart), values: stored.values }
}

async function compare(type: Activation, storage: Storage, [rows, cols]: [number, number], rowsPerPart: number) {
  const gpu = await testGpu()
  const { weight, values } = table(gpu, [rows, cols], storage, rowsPerPart)
  const wanted = [rows - 1, 0, rows, rows >> 1, 0xffffffff, rows - 1, rows + 1, 0]
  const ids = stateTensor(gpu, 'ids', [wanted.length], 'u32')
  upload(gpu, ids, Uint32Array.from(wanted))
  const { y } = await executeAndRead(gpu, 'embedding', (pass) => ({
    y: embedding(pass, { ids, table: weight }, { type }),
  }))
  const expected = wanted.flatMap((id) =>
    id < rows ? [...values.subarray(id * cols, (id + 1) * cols)] : new Array<number>(cols).fill(0),
  )
  expectClose('y', y, expected, type === 'f16' ? 1e-3 : 1e-6)
}
