import type { Pass } from '../tensor/pass.ts'
import { rowsOf, sizeOf, type Tensor, widthOf } from '../tensor/tensor.ts'
import { flatGrid } from './grid.ts'
import { require } from './require.ts'

export interface CrossEntropyOptions {
  /** What the sum of the losses is multiplied by before its gradient is taken; 1 / (number of labels) makes it their mean. */
  scale: number
  /** Puts the gradient in the place of the logits. */
  gradient: boolean
}

export interface CrossEntropyResult {
  /** -log softmax(logits)[label] in nats, f32 [L]; 0 where the label is ignored. */
  losses: Tensor
  /** 1 where greedy sampling would choose the label, the lowest id of equals; f32 [L]. */
  hits: Tensor
}

/**
 * Losses of `logits` [.., V] (f32) against `labels` [L] (i32 in u32; -100 is ignored). A NaN or +∞ among the logits, or another label that is
 * not below V, gives a loss and a gradient of NaN. With `gradient` the logits become (softmax - one-hot) · scale, with zeros in ignored rows;
 * nothing else of their size is needed.
 */
export function crossEntropy(
  pass: Pass,
  { logits, labels }: { logits: Tensor; labels: Tensor },
  { scale, gradient }: CrossEntropyOptions,
): CrossEntropyResult {
  const [rows, width] = [rowsOf(logits), widthOf(logits)]
  require(logits.type === 'f32', () => `crossEntropy: logits must be f32, found ${logits.type}`)
  require(labels.type === 'u32' && sizeOf(labels.shape) === rows, () =>
    `crossEntropy: labels must be u32 [${rows}], a label per row of logits [${logits.shape}], found ${labels.type} [${labels.shape}]`)
  const [losses, hits] = [pass.scratch([rows]), pass.scratch([rows])]
  const params = { rows, width, scale, gradient: Number(gradient) }
  if (pass.gpu.abilities.cpu && width % 4 === 0) {
    const kernel = { shader: 'crossEntropy', entry: 'forwardRows' }
    pass.run(kernel, { logits4: logits, labels, losses, hits }, params, flatGrid(Math.ceil(rows / 8)))
  } else {
    const kernel = { shader: 'crossEntropy', entry: 'forward' }
    pass.run(kernel, { logits, labels, losses, hits }, params, flatGrid(rows))
  }
  return { losses, hits }
}
