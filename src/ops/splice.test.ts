import { describe, expect, it } from 'vitest'
import { executeAndRead, stateTensor, upload } from '../tensor/execute.ts'
import { checkOp } from '../testing/checkOp.ts'
import { testGpu } from '../testing/testGpu.ts'
import { splice } from './splice.ts'

const sources: Record<string, number[]> = {
  none: [0],
  some: [0, 3, 1, 0, 2],
  all: [1, 2, 3, 3],
  beyond: [0, 4, 3, 0xffffffff],
}

describe('splice', () => {
  checkOp('splice', {
    cases: Object.keys(sources).flatMap((name) => [1, 7, 100].map((width) => ({ name, width }))),
    inputs: ({ name, width }) => ({
      embeddings: { shape: [sources[name]!.length, width], activation: true },
      visual: { shape: [3, width], activation: true },
    }),
    run: (pass, { embeddings, visual }, { name }) => {
      const source = stateTensor(pass.gpu, 'source', [sources[name]!.length], 'u32')
      upload(pass.gpu, source, Uint32Array.from(sources[name]!))
      return { y: splice(pass, { embeddings: embeddings!, visual: visual!, source }) }
    },
    reference: ({ embeddings, visual }, { name, width }) => ({
      y: embeddings!.map((value, i) => {
        const from = sources[name]![Math.floor(i / width)]!
        return from === 0 ? value : (visual![(from - 1) * width + (i % width)] ?? 0)
      }),
    }),
    tolerance: { f32: 0, f16: 0 },
  })

  it('names both widths where they differ', async () => {
    const gpu = await testGpu()
    const [embeddings, visual] = [stateTensor(gpu, 'text', [2, 8]), stateTensor(gpu, 'visual', [3, 6])]
    const source = stateTensor(gpu, 'source', [2], 'u32')
    const run = executeAndRead(gpu, 'splice', (pass) => ({ y: splice(pass, { embeddings, visual, source }) }))
    await expect(run).rejects.toThrow('embeddings [2,8] have width 8, visual [3,6] has 6')
  })
})
