/** Steps whose mean loss is compared. */
const span = 5

/**
 * Watches the losses of a run. Gives what to tell the user when one is no number, or when the mean of the last five is beyond
 * 1 + 1.5 times that of the first five; undefined while all is well.
 */
export class Guard {
  private readonly losses: number[]

  constructor(before: readonly number[] = []) {
    this.losses = [...before]
  }

  see(loss: number, gradNorm: number): string | undefined {
    if (!Number.isFinite(loss) || !Number.isFinite(gradNorm)) {
      return `The loss of step ${this.losses.length + 1} is ${loss}, its gradient norm ${gradNorm}. Try a smaller learning rate, gradient clipping at 1, or f32 weights.`
    }
    this.losses.push(loss)
    if (this.losses.length < 2 * span) return undefined
    const mean = (values: number[]) => values.reduce((sum, value) => sum + value, 0) / span
    const [first, last] = [mean(this.losses.slice(0, span)), mean(this.losses.slice(-span))]
    if (last <= 1 + 1.5 * first) return undefined
    return `The loss has risen from ${first.toFixed(2)} to ${last.toFixed(2)}. Try a learning rate ten times smaller, a longer warm-up, or gradient clipping at 1.`
  }
}
