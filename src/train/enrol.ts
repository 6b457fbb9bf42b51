import { BeagleError, throwIfAborted } from '../errors.ts'
import type { DataProblem, Exchange, TeachEvent, TeachSettings } from '../teachApi.ts'
import type { Classroom, Example } from './classroom.ts'
import type { Features } from './features.ts'
import { labelExample } from './labels.ts'
import type { Tokens } from './lesson.ts'

/** An example that is ready to be learned from: tokenized, and the features of its image known by `key`. */
export interface Pupil extends Tokens {
  key: string
  turns: Exchange[]
  kind?: string
  /** Index into the examples as given. */
  example: number
}

/** An image that cannot be had is a problem of its example, not of the training. */
const imageProblems = ['bad-image', 'not-found', 'bad-file', 'network']

/** Tokenizes all examples and makes the features of their images, telling how far it is; examples that cannot be used are named. */
export async function* enrol(
  { tools, turn }: Classroom,
  examples: readonly Example[],
  settings: TeachSettings,
  features: Features,
  signal?: AbortSignal,
): AsyncGenerator<TeachEvent, { pupils: Pupil[]; skipped: DataProblem[] }, void> {
  const skipped: DataProblem[] = []
  const pupils: Pupil[] = []
  const begin = performance.now()
  for (const [index, example] of examples.entries()) {
    throwIfAborted(signal)
    const { tokens, problems } = labelExample(example, tools, settings)
    skipped.push(...problems)
    if (tokens) {
      try {
        const seen = await example.see()
        await turn(() => features.learn(seen, signal))
        const { turns, kind } = example
        pupils.push({ ...tokens, key: seen.key, turns, kind, example: index })
      } catch (error) {
        if (!(error instanceof BeagleError && imageProblems.includes(error.code))) throw error
        skipped.push({ where: example.name, message: error.message })
      }
    }
    const done = index + 1
    const each = (performance.now() - begin) / 1000 / done
    const secondsLeft = done > 3 ? each * (examples.length - done) : undefined
    yield { type: 'features', done, total: examples.length, secondsLeft }
  }
  return { pupils, skipped }
}
