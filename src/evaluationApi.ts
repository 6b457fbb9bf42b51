/** A question about an image, and the answer that counts as right. */
export interface EvaluationQuestion {
  /** Names the image for whoever opens it; questions about the same one should follow each other. */
  image: string
  question: string
  answer: string
  /** A group in the scores. */
  kind: string
}

/** What one projector said to one question. */
export interface EvaluationAnswer {
  /** Index into the questions. */
  index: number
  projector: string
  said: string
  right: boolean
}

export interface Score {
  right: number
  of: number
}

/** How one projector answered, and what that took; milliseconds are medians over the timed runs. */
export interface Comparison {
  projector: string
  type: string
  text: string
  visualTokens: number
  /** From the image to its visual tokens: preprocessing, encoder, projector. */
  encodeMs: number
  /** From the question until the first token, encode included. */
  firstTokenMs: number
  tokensPerSecond: number
  /** Of the answer. */
  tokens: number
  /** Timed runs, after one that was not. */
  runs: number
  /** Of the projector on the GPU. */
  projectorBytes: number
  /** Of the visual tokens in the KV cache. */
  visualTokenBytes: number
}

/** Right answers of those given, in all and by kind of question. */
export function scores(
  questions: readonly EvaluationQuestion[],
  answers: readonly EvaluationAnswer[],
): { all: Score; kinds: Record<string, Score> } {
  const all: Score = { right: 0, of: 0 }
  const kinds: Record<string, Score> = {}
  for (const { index, right } of answers) {
    const { kind } = questions[index]!
    kinds[kind] ??= { right: 0, of: 0 }
    for (const score of [all, kinds[kind]]) {
      score.of++
      if (right) score.right++
    }
  }
  return { all, kinds }
}
