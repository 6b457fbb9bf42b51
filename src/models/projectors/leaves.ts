import { matrix, type VectorLeaf, vector } from '../tree.ts'

/** A linear layer with a bias, or several over the same rows, stacked: their results lie side by side. */
export function dense(cols: number, ...stacked: [name: string, rows: number][]) {
  return {
    weight: matrix('exact', cols, ...stacked.map(([name, rows]): [string, number] => [`${name}.weight`, rows])),
    bias: vector(...stacked.map(([name, rows]): [string, number] => [`${name}.bias`, rows])),
  }
}

/** Gain and bias of a LayerNorm. */
export const norm = (name: string, width: number) => ({
  gain: vector([`${name}.weight`, width]),
  bias: vector([`${name}.bias`, width]),
})

/** Vectors that every image shares, [1, rows, width]: queries, positions, end tokens. */
export function shared(name: string, rows: number, width: number): VectorLeaf {
  const shape = [1, rows, width]
  return { kind: 'vector', sources: [{ name, shape }], shape }
}
