import { describe, expect, it } from 'vitest'
import { executeAndRead, stateTensor, upload } from '../tensor/execute.ts'
import type { Pass } from '../tensor/pass.ts'
import type { Tensor } from '../tensor/tensor.ts'
import { checkGradients } from '../testing/checkGradients.ts'
import { type Arrays, checkOp } from '../testing/checkOp.ts'
import { testGpu } from '../testing/testGpu.ts'
import { splice } from './splice.ts'

const sources: Record<string, number[]> = {
  none: [0],
  some: [0, 3, 1, 0, 2],
  all: [1, 2, 3, 3],
  beyond: [0, 4, 3, 0xffffffff],
}

const cases = Object.keys(sources).flatMap((name) => [1, 7, 100].map((width) => ({ name, width })))

const inputs = ({ name, width }: (typeof cases)[0]) => ({
  embeddings: { shape: [sources[name]!.length, width], activation: true },
  visual: { shape: [3, width], activation: true },
})

const reference = ({ embeddings, visual }: Arrays, { name, width }: (typeof cases)[0]) => ({
  y: embeddings!.map((value, i) => {
    const from = sources[name]![Math.floor(i / width)]!
    return from === 0 ? value : (visual![(from - 1) * width + (i % width)] ?? 0)
  }),
})

function run(pass: Pass, { embeddings, visual }: Record<string, Tensor>, { name }: (typeof cases)[0]): Tensor {
  const source = stateTensor(pass.gpu, 'source', [sources[name]!.length], 'u32')
  upload(pass.gpu, source, Uint32Array.from(sources[name]!))
  return splice(pass, { embeddings: embeddings!, visual: visual!, source })
}

describe('splice', () => {
  checkOp('splice', {
    cases,
    inputs,
    run: (pass, tensors, c) => ({ y: run(pass, tensors, c) }),
    reference,
    tolerance: { f32: 0, f16: 0 },
  })

  checkGradients('splice', { cases, inputs, run, reference, wrt: ['embeddings', 'visual'] })

  it('names both widths where they differ', async () => {
    const gpu = await testGpu()
    const [embeddings, visual] = [stateTensor(gpu, 'text', [2, 8]), stateTensor(gpu, 'visual', [3, 6])]
    const source = stateTensor(gpu, 'source', [2], 'u32')
    const run = executeAndRead(gpu, 'splice', (pass) => ({ y: splice(pass, { embeddings, visual, source }) }))
    await expect(run).rejects.toThrow('embeddings [2,8] have width 8, visual [3,6] has 6')
  })
})
