import type { ChatResult, ImageInput, Model } from './api.ts'
import { BeagleError } from './errors.ts'
import type { Comparison, EvaluationAnswer, EvaluationQuestion } from './evaluationApi.ts'

export interface AskOptions {
  /** Names of the model's projectors; default: the one in use. */
  projectors?: readonly string[]
  /** Most tokens of an answer. */
  maxNewTokens?: number
  signal?: AbortSignal
}

export interface EvaluationOptions extends AskOptions {
  open(image: string): Promise<ImageInput>
}

/**
 * Asks every question with every projector, image by image, so that each image is encoded once and the projectors go side by side.
 * Answers come per image and projector; between two of them the model is as it was before and may be asked other things. Greedy.
 * Throws `aborted` when stopped.
 */
export async function* evaluate(
  model: Model,
  questions: readonly EvaluationQuestion[],
  { open, projectors = [inUse(model)], maxNewTokens = 32, signal }: EvaluationOptions,
): AsyncGenerator<EvaluationAnswer[], void, void> {
  for (let first = 0, next = 0; first < questions.length; first = next) {
    const { image: name } = questions[first]!
    while (questions[next]?.image === name) next++
    const image = await open(name)
    for (const projector of projectors) {
      yield await withProjector(model, projector, async () => {
        const answers: EvaluationAnswer[] = []
        for (let index = first; index < next; index++) {
          const { question, answer } = questions[index]!
          const { text } = await ask(model, image, question, { maxNewTokens, signal })
          answers.push({ index, projector, said: text, right: isRight(text, answer) })
        }
        return answers
      })
    }
  }
}

/** Answers that differ only in case, outer spaces or a final period are the same. */
export function isRight(said: string, expected: string): boolean {
  const plain = (text: string) => text.trim().replace(/\.$/, '').trimEnd().toLowerCase()
  return plain(said) === plain(expected)
}

/**
 * Asks one question with one projector after the other. Each answers once, so that its kernels are compiled, then `runs` times
 * with nothing reused: the image encoded anew, the KV cache empty. Greedy. Throws `aborted` when stopped.
 */
export async function* compare(
  model: Model,
  { image, question }: { image: ImageInput; question: string },
  { projectors = [inUse(model)], runs = 3, maxNewTokens = 64, signal }: AskOptions & { runs?: number } = {},
): AsyncGenerator<Comparison, void, void> {
  for (const projector of projectors) {
    yield await withProjector(model, projector, async () => {
      const options = { maxNewTokens, signal, reuse: false }
      const { text } = await ask(model, image, question, options)
      const timed: ChatResult[] = []
      while (timed.length < runs) timed.push(await ask(model, image, question, options))
      const { visualTokens, ids } = timed[0]!
      const { type, bytes } = model.projectors().find(({ name }) => name === projector)!
      const middle = (of: (timings: ChatResult['timings']) => number) => median(timed.map(({ timings }) => of(timings)))
      return {
        ...{ projector, type, text, visualTokens, tokens: ids.length, runs, projectorBytes: bytes },
        encodeMs: middle(({ encode }) => encode),
        firstTokenMs: middle(({ firstToken }) => firstToken),
        tokensPerSecond: middle(({ tokensPerSecond }) => tokensPerSecond),
        visualTokenBytes: visualTokens * model.info.cacheBytesPerToken,
      }
    })
  }
}

async function ask(
  model: Model,
  image: ImageInput,
  question: string,
  options: { maxNewTokens: number; signal?: AbortSignal; reuse?: boolean },
): Promise<ChatResult> {
  const content = [{ type: 'image', image } as const, { type: 'text', text: question } as const]
  for await (const { result } of model.chat([{ role: 'user', content }], { ...options, temperature: 0 })) {
    if (result && result.finishReason !== 'aborted') return result
  }
  throw new BeagleError('aborted', 'Stopped on request.')
}

/** Does `work` with a projector in use, and puts back the one that was. */
async function withProjector<T>(model: Model, name: string, work: () => Promise<T>): Promise<T> {
  const before = inUse(model)
  model.useProjector(name)
  try {
    return await work()
  } finally {
    if (name !== before) model.useProjector(before)
  }
}

function inUse(model: Model): string {
  const active = model.projectors().find((projector) => projector.active)
  if (active) return active.name
  throw new BeagleError('bad-argument', 'The model reads text only and has no projector. Load a LLaVA model.')
}

function median(values: number[]): number {
  const sorted = [...values].sort((a, b) => a - b)
  const middle = sorted.length / 2
  return (sorted[Math.ceil(middle) - 1]! + sorted[Math.floor(middle)]!) / 2
}
