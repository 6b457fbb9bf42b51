import type { LlavaConfig } from '../checkpoint/configTypes.ts'
import type { DataProblem, Exchange, TeachExample, TeachSettings } from '../teachApi.ts'
import { expandImageTokens, instructionIds } from '../text/imageTokens.ts'
import { ignored, type PromptFormat } from '../text/promptFormat.ts'
import type { Tokenizer } from '../text/tokenizer.ts'
import type { Tokens } from './lesson.ts'

export interface LabelTools {
  config: Pick<LlavaConfig, 'imageToken' | 'imageTokenId'>
  /** Per image, of the projector that is trained. */
  visualTokens: number
  /** Longest question that the projector reads along with an image, in tokens; 0 where it reads none. */
  instructionTokens: number
  tokenizer: Tokenizer
  format: PromptFormat
  /** Rows that the decoder takes. */
  maxContext: number
}

/** An example for teacher forcing, where it can be used, and what is wrong with it or was left out of it. */
export interface Labelled {
  tokens?: Tokens
  problems: DataProblem[]
}

/**
 * What the decoder reads of an example and what it must predict, as the model's own format says: `chat` is its conversation, `plain` its
 * caption. Rows behind the last target are left out, because nothing depends on them.
 */
export function labelExample(
  { turns, name }: Pick<TeachExample, 'turns' | 'name'>,
  tools: LabelTools,
  settings: Pick<TeachSettings, 'mask' | 'template'>,
): Labelled {
  const unusable = (message: string): Labelled => ({ problems: [{ where: name, message }] })
  const empty = turns.findIndex(({ answer }) => answer.trim() === '')
  if (turns.length === 0) return unusable('There is no question and answer. Add one.')
  if (empty >= 0) return unusable(`The answer${ordinal(empty, turns)} is empty. Write one or leave the example out.`)
  if (settings.template === 'plain' && turns.length > 1)
    return unusable(
      `There are ${turns.length} answers, but the plain template takes one caption. Use the chat template.`,
    )

  const { ids, targets, problems } =
    settings.template === 'plain'
      ? tools.format.caption(turns[0]!.answer)
      : tools.format.conversation(turns, { all: settings.mask === 'none' })
  const { imageToken, imageTokenId } = tools.config
  const { visualTokens } = tools
  const images = ids.filter((id) => id === imageTokenId).length
  if (images !== 1)
    return unusable(`The prompt has ${images} image tokens instead of one. Keep ${imageToken} out of the text.`)
  const end = targets.findLastIndex((target) => target !== ignored) + 1
  if (end === 0) return unusable(problems[0] ?? 'No token counts. Write a longer answer.')
  const length = end - 1 + visualTokens
  if (length > tools.maxContext)
    return unusable(
      `It takes ${length} tokens, ${visualTokens} of them for the image, but the model holds ${tools.maxContext}. Shorten it.`,
    )
  return {
    tokens: {
      ids: expandImageTokens(ids.slice(0, end), imageTokenId, [visualTokens]),
      labels: targets
        .slice(0, end)
        .flatMap((target, i) =>
          ids[i] === imageTokenId ? [...Array<number>(visualTokens - 1).fill(ignored), target] : [target],
        ),
      instruction: instructionIds(tools.tokenizer, turns[0]!.question, tools.instructionTokens),
    },
    problems: problems.map((message) => ({ where: name, message })),
  }
}

const ordinal = (at: number, turns: readonly Exchange[]) => (turns.length > 1 ? ` of round ${at + 1}` : '')
