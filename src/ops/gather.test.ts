import { describe, expect, it } from 'vitest'
import type { Gpu } from '../gpu/device.ts'
import { executeAndRead, stateTensor, upload } from '../tensor/execute.ts'
import { checkGradients } from '../testing/checkGradients.ts'
import { type Arrays, checkOp } from '../testing/checkOp.ts'
import { testGpu } from '../testing/testGpu.ts'
import { gather } from './gather.ts'

/** Rows that are taken of as many as `of` says. */
const taken: Record<string, { of: number; rows: number[] }> = {
  one: { of: 1, rows: [0] },
  some: { of: 5, rows: [4, 0, 2] },
  again: { of: 3, rows: [1, 1, 2, 1, 2, 1, 1] },
  beyond: { of: 3, rows: [3, 2, 0xffffffff, 0] },
}
const cases = Object.keys(taken).flatMap((name) => [1, 7, 100, 1152].map((width) => ({ name, width })))

const inputs = ({ name, width }: { name: string; width: number }) => ({
  x: { shape: [taken[name]!.of, width], activation: true },
})
const reference = ({ x }: Arrays, { name, width }: { name: string; width: number }) => ({
  y: Float64Array.from(taken[name]!.rows.flatMap((row) => [...rowOf(x!, row, width)])),
})

function rowOf(x: Float64Array, row: number, width: number): Float64Array {
  return row * width < x.length ? x.slice(row * width, (row + 1) * width) : new Float64Array(width)
}

function numbers(gpu: Gpu, name: string) {
  const { rows } = taken[name]!
  const tensor = stateTensor(gpu, 'rows', [rows.length], 'u32')
  upload(gpu, tensor, Uint32Array.from(rows))
  return tensor
}

describe('gather', () => {
  checkOp('gather', {
    cases,
    inputs,
    run: (pass, { x }, { name }) => ({ y: gather(pass, { x: x!, rows: numbers(pass.gpu, name) }) }),
    reference,
    tolerance: { f32: 0, f16: 0 },
  })

  checkGradients('gather', {
    cases,
    inputs,
    run: (pass, { x }, { name }) => gather(pass, { x: x!, rows: numbers(pass.gpu, name) }),
    reference,
    wrt: ['x'],
  })

  it('refuses numbers of rows that are not u32', async () => {
    const gpu = await testGpu()
    const [x, rows] = [stateTensor(gpu, 'x', [4, 8]), stateTensor(gpu, 'rows', [2])]
    const run = executeAndRead(gpu, 'gather', (pass) => ({ y: gather(pass, { x, rows }) }))
    await expect(run).rejects.toThrow('rows must be u32, found f32 [2]')
  })
})
