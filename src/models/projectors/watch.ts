import type { Tensor } from '../../tensor/tensor.ts'

/** Queries and keys of one layer's attention to the image. */
export interface Look {
  /** Layers that look at the image count from 0. */
  layer: number
  /** [images · queries, heads · headWidth] */
  q: Tensor
  /** [images · keys, ..], its heads from column 0 on. */
  k: Tensor
  heads: number
  headWidth: number
  /** Rows of `q` per image. */
  queries: number
  /** Rows of `k` per image. */
  keys: number
  /** The first of an image's keys that is one of its features; those before are queries. */
  firstFeature: number
}

/** Sees each layer's queries and keys while they are on the GPU; what it makes itself ends with the layer. */
export type Watch = (look: Look) => void
