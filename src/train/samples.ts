import { throwIfAborted } from '../errors.ts'
import type { Exchange, SampleAnswer } from '../teachApi.ts'
import type { Tokens } from './lesson.ts'

interface Asked extends Tokens {
  turns: Exchange[]
  example: number
}

/** What the model says to the first question of each example; `say` takes the ids up to the answer. */
export async function sampleAnswers<P extends Asked>(
  pupils: readonly P[],
  signal: AbortSignal | undefined,
  say: (pupil: P, ids: readonly number[]) => Promise<string>,
): Promise<SampleAnswer[]> {
  const answers: SampleAnswer[] = []
  for (const pupil of pupils) {
    throwIfAborted(signal)
    const { turns, example, ids, labels } = pupil
    const behind = labels.findIndex((label) => label >= 0) + 1
    const said = await say(pupil, ids.slice(0, behind))
    answers.push({ example, question: turns[0]!.question, expected: turns[0]!.answer, said })
  }
  return answers
}
