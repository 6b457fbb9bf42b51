/** Steps whose mean loss is compared. */
const span = 5

/**
 * Watches the losses of a run. Gives what to tell the user when one is no number, or when the mean of the last five is beyond
 * 1.5 + 1.5 times the lowest such mean before; undefined while all is well.
 */
export class Guard {
  private readonly recent: number[] = []
  private seen = 0
  private best = Number.POSITIVE_INFINITY

  constructor(before: readonly number[] = []) {
    for (const loss of before) this.rise(loss)
  }

  see(loss: number, gradNorm: number): string | undefined {
    if (!Number.isFinite(loss) || !Number.isFinite(gradNorm)) {
      return `The loss of step ${this.seen + 1} is ${loss}, its gradient norm ${gradNorm}. Try a smaller learning rate, gradient clipping at 1, or f32 weights.`
    }
    const { last, best } = this.rise(loss)
    if (last <= 1.5 + 1.5 * best) return undefined
    return `The loss has risen from ${best.toFixed(2)} to ${last.toFixed(2)}. Try a learning rate ten times smaller, a longer warm-up, or gradient clipping at 1.`
  }

  /** The mean of the last five losses with this one, and the lowest before it. */
  private rise(loss: number): { last: number; best: number } {
    this.seen++
    this.recent.push(loss)
    if (this.recent.length > span) this.recent.shift()
    const { best } = this
    if (this.recent.length < span) return { last: 0, best }
    const last = this.recent.reduce((sum, value) => sum + value, 0) / span
    this.best = Math.min(best, last)
    return { last, best }
  }
}
