import type { WeightStorage } from '../api.ts'
import { weightBytes } from '../tensor/weight.ts'
import { leavesOf, type SpecTree, type Use } from './tree.ts'

/**
 * Storage of each use under a weight type. Only the decoder goes down to q4: it has most of the weights and bears it best.
 * What is trained or small (projector, patch embedding) stays exact to f16.
 */
export function storageOf(weights: WeightStorage, use: Use): WeightStorage {
  if (weights === 'f32' || weights === 'f16') return weights
  if (use === 'exact') return 'f16'
  return use === 'decoder' ? weights : 'q8'
}

/** Bytes that the tree's weights take on the GPU. */
export function forecastWeights(tree: SpecTree, weights: WeightStorage): number {
  return leavesOf(tree).reduce((sum, leaf) => {
    if (leaf.kind === 'matrix') return sum + weightBytes(leaf.rows, leaf.cols, storageOf(weights, leaf.use))
    if (leaf.kind === 'vector') return sum + 4 * leaf.shape.reduce((product, n) => product * n, 1)
    return sum
  }, 0)
}
