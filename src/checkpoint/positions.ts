import type { TensorRef } from './safetensors.ts'

/**
 * A tensor as it stands in a file; but Honeybee's first checkpoints gave `abstractor.pos_emb` a row for CLS, which its projectors do not
 * see: [1, N + 1, C] then becomes [1, N, C] without row 0, where N is `positions`.
 */
export function dropClassPosition(ref: TensorRef, positions: number): TensorRef {
  const [one, rows, width] = ref.shape
  if (!/(^|\.)abstractor\.pos_emb$/.test(ref.name) || rows !== positions + 1) return ref
  return { ...ref, shape: [one!, positions, width!], begin: ref.begin + (ref.end - ref.begin) / rows }
}
