import type { Spec } from '../checkpoint/bind.ts'
import type { Tensor } from '../tensor/tensor.ts'
import type { Weight } from '../tensor/weight.ts'

/** What a matrix is for; the weight policy chooses its storage by it. */
export type Use = 'exact' | 'encoder' | 'decoder' | 'embedding'

interface Source {
  /** Canonical checkpoint name. */
  name: string
  shape: readonly number[]
}

/** A matrix [rows, cols], stacked by rows from one or more checkpoint tensors. */
export interface MatrixLeaf {
  kind: 'matrix'
  use: Use
  sources: readonly Source[]
  rows: number
  cols: number
}

/** A small f32 tensor, joined end to end from one or more checkpoint tensors. */
export interface VectorLeaf {
  kind: 'vector'
  sources: readonly Source[]
  shape: readonly number[]
}

/** Tensors that a checkpoint may hold and this model does not read. */
export interface UnreadLeaf {
  kind: 'unread'
  sources: readonly Source[]
}

export type Leaf = MatrixLeaf | VectorLeaf | UnreadLeaf

/** The weights of a model part as a tree of plain objects, arrays and leaves. */
export type SpecTree = Leaf | readonly SpecTree[] | { readonly [name: string]: SpecTree | undefined }

/** The same tree with weights and tensors in place of its leaves. */
export type Loaded<S> = S extends MatrixLeaf
  ? Weight
  : S extends VectorLeaf
    ? Tensor
    : S extends UnreadLeaf | undefined
      ? undefined
      : S extends readonly (infer Element)[]
        ? Loaded<Element>[]
        : { [Key in keyof S]: Loaded<S[Key]> }

/** A matrix of `cols` columns, stacked from the tensors `[name, rows]`; a convolution's kernel counts as one row per channel. */
export function matrix(
  use: Use,
  cols: number,
  ...stacked: [name: string, rows: number, shape?: number[]][]
): MatrixLeaf {
  const sources = stacked.map(([name, rows, shape]) => ({ name, shape: shape ?? [rows, cols] }))
  return { kind: 'matrix', use, sources, rows: stacked.reduce((sum, [, rows]) => sum + rows, 0), cols }
}

/** A vector joined from the tensors `[name, length]`. */
export function vector(...joined: [name: string, length: number][]): VectorLeaf {
  const sources = joined.map(([name, length]) => ({ name, shape: [length] }))
  return { kind: 'vector', sources, shape: [joined.reduce((sum, [, length]) => sum + length, 0)] }
}

/** A small table kept in f32. */
export function table(name: string, rows: number, cols: number): VectorLeaf {
  return { kind: 'vector', sources: [{ name, shape: [rows, cols] }], shape: [rows, cols] }
}

/** The checkpoint tensors below `tree`, of which the model reads none. */
export function unread(tree: SpecTree): UnreadLeaf {
  return { kind: 'unread', sources: leavesOf(tree).flatMap((leaf) => leaf.sources) }
}

export function isLeaf(tree: SpecTree): tree is Leaf {
  return 'kind' in tree && typeof tree.kind === 'string'
}

/** All leaves, in order. */
export function leavesOf(tree: SpecTree | undefined): Leaf[] {
  if (tree === undefined) return []
  if (isLeaf(tree)) return [tree]
  return Object.values(tree).flatMap((branch) => leavesOf(branch as SpecTree | undefined))
}

/** Each leaf that the model reads, with what was uploaded for it, in order. */
export function loadedLeaves(
  tree: SpecTree | undefined,
  loaded: unknown,
): [MatrixLeaf | VectorLeaf, Weight | Tensor][] {
  if (tree === undefined) return []
  if (isLeaf(tree)) return tree.kind === 'unread' ? [] : [[tree, loaded as Weight | Tensor]]
  return Object.entries(tree).flatMap(([name, branch]) =>
    loadedLeaves(branch as SpecTree | undefined, (loaded as Record<string, unknown>)[name]),
  )
}

/** What a checkpoint must hold, for `bind`. */
export function specOf(tree: SpecTree): Spec {
  const entries = leavesOf(tree).flatMap((leaf) =>
    leaf.sources.map(({ name, shape }) => [name, { shape, optional: leaf.kind === 'unread' }] as const),
  )
  return Object.fromEntries(entries)
}

/** Parameters of the leaves that the model reads. */
export function parametersOf(tree: SpecTree): number {
  return leavesOf(tree).reduce((sum, leaf) => {
    if (leaf.kind === 'unread') return sum
    return sum + (leaf.kind === 'matrix' ? leaf.rows * leaf.cols : leaf.shape.reduce((product, n) => product * n, 1))
  }, 0)
}
