/** One piece of work at a time on a model. Urgent work (an answer) goes before patient work (a step of a training) that waits. */
export class Turns {
  private taken = false
  private readonly urgent: (() => void)[] = []
  private readonly patient: (() => void)[] = []

  /** Resolves when it is the caller's turn, which ends with `give`. */
  async take(kind: 'urgent' | 'patient'): Promise<void> {
    if (this.taken) await new Promise<void>((resolve) => this[kind].push(resolve))
    this.taken = true
  }

  give(): void {
    const next = this.urgent.shift() ?? this.patient.shift()
    if (next) next()
    else this.taken = false
  }

  /** Does `work` in a turn of its own. */
  async do<T>(kind: 'urgent' | 'patient', work: () => Promise<T>): Promise<T> {
    await this.take(kind)
    try {
      return await work()
    } finally {
      this.give()
    }
  }
}
