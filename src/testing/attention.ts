/** Where the heads of one operand lie: element d of head h in row t is `values[t · stride + offset + h · headWidth + d]`. */
export interface Operand {
  values: Float64Array
  stride: number
  offset: number
}

/** Attention in f64; row t sees `seen(t)` keys. Returns y [rows, heads · headWidth] and the logarithms of the sums [rows, heads]. */
export function attentionReference(
  { q, k, v }: { q: Operand; k: Operand; v: Operand },
  shape: { rows: number; heads: number; kvHeads: number; headWidth: number },
  seen: (row: number) => number,
): { y: Float64Array; statistics: Float64Array } {
  const { rows, heads, kvHeads, headWidth } = shape
  const y = new Float64Array(rows * heads * headWidth)
  const statistics = new Float64Array(rows * heads)
  const at = (operand: Operand, row: number, head: number, d: number) =>
    operand.values[row * operand.stride + operand.offset + head * headWidth + d]!
  for (let t = 0; t < rows; t++)
    for (let h = 0; h < heads; h++) {
      const g = Math.floor((h * kvHeads) / heads)
      const scores = Array.from({ length: seen(t) }, (_, j) => {
        let dot = 0
        for (let d = 0; d < headWidth; d++) dot += at(q, t, h, d) * at(k, j, g, d)
        return dot / Math.sqrt(headWidth)
      })
      const largest = scores.reduce((a, b) => Math.max(a, b))
      const weights = scores.map((score) => Math.exp(score - largest))
      const sum = weights.reduce((a, b) => a + b)
      statistics[t * heads + h] = largest + Math.log(sum)
      for (let d = 0; d < headWidth; d++) {
        let value = 0
        for (let j = 0; j < weights.length; j++) value += (weights[j]! / sum) * at(v, j, g, d)
        y[(t * heads + h) * headWidth + d] = value
      }
    }
  return { y, statistics }
}
