import type { Pass } from '../../tensor/pass.ts'
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

/** Is shown each layer that looks at the image, in order. Queries and keys then stay until the scope around the projector ends. */
export type Watch = (look: Look) => void

/** A scope of `pass`, unless somebody watches what happens in it. */
export const unwatched = (pass: Pass, watch: Watch | undefined, body: () => Tensor): Tensor =>
  watch ? body() : pass.scope(body)
