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

/** Where one layer's queries sample the maps of features. */
export interface Sampled {
  /** Layers count from 0. */
  layer: number
  /** [images · queries, heads, levels, points, 2], x and y, 0 to 1 across a map; a point outside sees nothing. */
  locations: Tensor
  /** [images · queries, heads · levels · points], the softmax of each head's. */
  weights: Tensor
}

/** Is shown each layer that samples the image, in order. What it sees then stays until the scope around the projector ends. */
export type WatchPoints = (sampled: Sampled) => void

/** Is shown each layer that looks at the image, in order. Queries and keys then stay until the scope around the projector ends. */
export type Watch = (look: Look) => void

/** A scope of `pass`, unless somebody watches what happens in it. */
export const unwatched = (pass: Pass, watch: Watch | WatchPoints | undefined, body: () => Tensor): Tensor =>
  watch ? body() : pass.scope(body)
