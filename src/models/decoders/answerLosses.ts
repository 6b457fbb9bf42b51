import { crossEntropy } from '../../ops/crossEntropy.ts'
import { linear } from '../../ops/linear.ts'
import { linearInputGradient } from '../../ops/linearGradient.ts'
import { rmsNorm } from '../../ops/rmsNorm.ts'
import type { Pass } from '../../tensor/pass.ts'
import { rowsOf, type Tensor, widthOf } from '../../tensor/tensor.ts'
import { headOf, type LlamaWeights } from './llama.ts'

/** Logits take at most this many bytes at a time. */
const chunkBytes = 64e6

export interface AnswerLosses {
  /** -log p of each label, f32 [L]; 0 where the label is -100. */
  losses: Tensor
  /** 1 where the label is the most probable token, f32 [L]. */
  hits: Tensor
}

/**
 * Losses of `labels` (i32 as u32 [L]) after the rows `x` [L, D] of the last layer's output. With a tape the gradient of
 * scale · Σ losses is computed along, a chunk of rows at a time, because the logits of a large vocabulary are the largest tensor of a
 * training step: no [L, V] is kept for the backward pass.
 */
export function answerLosses(
  pass: Pass,
  weights: LlamaWeights,
  { x, labels }: { x: Tensor; labels: Tensor },
  { eps, scale }: { eps: number; scale: number },
): AnswerLosses {
  const normed = rmsNorm(pass, { x, gain: weights.norm }, { eps })
  const { tape } = pass
  const gradient = tape?.follows(normed) ?? false
  const head = headOf(weights)
  const [rows, width] = [rowsOf(x), widthOf(x)]
  const most = Math.max(8, Math.floor(chunkBytes / (4 * head.rows)))
  const losses = pass.scratch([rows])
  const hits = pass.scratch([rows])
  const dx = gradient ? pass.scratch([rows, width]) : undefined
  pass.tape = undefined
  for (let first = 0; first < rows; first += most) {
    const count = Math.min(most, rows - first)
    pass.scope(() => {
      const part = pass.scratch([count, width])
      const wanted = pass.scratch([count], 'u32')
      pass.copy(normed, part, 4 * count * width, 4 * first * width)
      pass.copy(labels, wanted, 4 * count, 4 * first)
      const logits = linear(pass, { x: part, weight: head })
      const found = crossEntropy(pass, { logits, labels: wanted }, { scale, gradient })
      pass.copy(found.losses, losses, 4 * count, 0, 4 * first)
      pass.copy(found.hits, hits, 4 * count, 0, 4 * first)
      if (dx) {
        const back = linearInputGradient(pass, { dy: logits, weight: head })
        pass.copy(back, dx, 4 * count * width, 0, 4 * first * width)
      }
      return []
    })
  }
  pass.tape = tape
  tape?.record({ x: normed }, losses, { dx }, ({ saved }) => ({ x: () => saved.dx! }))
  return { losses, hits }
}
