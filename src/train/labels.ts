import type { LlavaConfig } from '../checkpoint/configTypes.ts'
import type { DataProblem, Exchange, TeachExample, TeachSettings } from '../teachApi.ts'
import type { ChatTemplate, TemplateMessage } from '../text/chatTemplate.ts'
import { encodePrompt, expandImageTokens, instructionIds } from '../text/imageTokens.ts'
import type { Tokenizer } from '../text/tokenizer.ts'
import type { Tokens } from './lesson.ts'

export interface LabelTools {
  config: Pick<LlavaConfig, 'imageToken' | 'imageTokenId' | 'eos'>
  /** Per image, of the projector that is trained. */
  visualTokens: number
  /** Longest question that the projector reads along with an image, in tokens; 0 where it reads none. */
  instructionTokens: number
  tokenizer: Tokenizer
  template: ChatTemplate
  /** Rows that the decoder takes. */
  maxContext: number
}

/** An example for teacher forcing, where it can be used, and what is wrong with it or was left out of it. */
export interface Labelled {
  tokens?: Tokens
  problems: DataProblem[]
}

/** Label of a row whose prediction does not count. */
export const ignored = -100

/** Tokens of a text before the image is expanded; `targets[i]` is what row i must predict, or -100. */
interface Targets {
  ids: number[]
  targets: number[]
  problems: string[]
}

/**
 * What the decoder reads of an example and what it must predict. `chat` renders the model's own template and counts the assistant's
 * words and the token that ends them, in every round (arXiv:2310.03744, section 3.1); `plain` is image, caption, newline, of which
 * caption and newline count. Rows behind the last target are left out, because nothing depends on them.
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
    settings.template === 'plain' ? plainTargets(turns[0]!.answer, tools) : chatTargets(turns, tools, settings.mask)
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

/** What each row must predict if all text counts. */
const nextIds = (ids: readonly number[], imageTokenId: number) =>
  ids.map((_, i) => (ids[i + 1] === undefined || ids[i + 1] === imageTokenId ? ignored : ids[i + 1]!))

function plainTargets(caption: string, { config, tokenizer }: LabelTools): Targets {
  const ids = encodePrompt(tokenizer, `${config.imageToken}${caption.trim()}\n`)
  const image = ids.indexOf(config.imageTokenId)
  return { ids, targets: nextIds(ids, config.imageTokenId).map((id, i) => (i < image ? ignored : id)), problems: [] }
}

function chatTargets(turns: readonly Exchange[], tools: LabelTools, mask: TeachSettings['mask']): Targets {
  const { config, tokenizer, template } = tools
  const messages = turns.flatMap(asMessages)
  const whole = template.render(messages, { addGenerationPrompt: false })
  const ids = encodePrompt(tokenizer, whole)
  const next = nextIds(ids, config.imageTokenId)
  const targets = mask === 'none' ? next : ids.map(() => ignored)
  const problems: string[] = []
  turns.forEach(({ answer }, round) => {
    const prompt = template.render(messages.slice(0, 2 * round + 1))
    const span = answerSpan(ids, whole, prompt, answer.trim(), tools)
    if (!span) {
      problems.push(
        `The answer${ordinal(round, turns)} does not count, because the model’s chat template does not write it behind its prompt.`,
      )
      return
    }
    for (let i = span.first - 1; i < span.end - 1; i++) targets[i] = ids[i + 1]!
    if (!span.closed) targets[span.end - 1] = endToken(tools)
  })
  return { ids, targets, problems }
}

function asMessages({ question, answer }: Exchange, round: number): TemplateMessage[] {
  const text = { type: 'text', text: question } as const
  return [
    { role: 'user', content: round === 0 ? [{ type: 'image' }, text] : [text] },
    { role: 'assistant', content: [{ type: 'text', text: answer.trim() }] },
  ]
}

/** Where an answer is in `ids`, the token that ends it included where the template writes one. */
interface AnswerSpan {
  first: number
  end: number
  closed: boolean
}

/**
 * Finds an answer behind its prompt, both of which are beginnings of the whole conversation's text and, but for one token that may
 * have merged at the seam, of its ids; that token counts as the answer's. None where the template does not write the conversation so.
 */
function answerSpan(
  ids: readonly number[],
  whole: string,
  prompt: string,
  answer: string,
  { config, tokenizer }: LabelTools,
): AnswerSpan | undefined {
  const at = whole.indexOf(answer, prompt.length)
  if (!whole.startsWith(prompt) || at < 0 || whole.slice(prompt.length, at).trim() !== '') return undefined
  const promptIds = encodePrompt(tokenizer, prompt)
  const answeredIds = encodePrompt(tokenizer, whole.slice(0, at + answer.length))
  const first = commonStart(ids, promptIds)
  const common = commonStart(ids, answeredIds)
  if (first < promptIds.length - 1 || common < answeredIds.length - 1) return undefined
  const end = answeredIds.length
  const after = whole.slice(at + answer.length).trimStart()
  const closed = config.eos.some((id) => after.startsWith(tokenizer.tokenOf(id) || '\0'))
  return closed
    ? { first, end: ids.findIndex((id, i) => i >= end && config.eos.includes(id)) + 1, closed }
    : { first, end, closed }
}

function commonStart(a: readonly number[], b: readonly number[]): number {
  const differs = b.findIndex((id, i) => id !== a[i])
  return differs < 0 ? b.length : differs
}

/** What ends an answer where the template does not write it: as the tokenizer calls it, if the chat stops there too. */
function endToken({ config, tokenizer }: LabelTools): number {
  const named = tokenizer.idOf(tokenizer.specialTokens.eos_token ?? '')
  return config.eos.find((id) => id === named) ?? config.eos[0] ?? named ?? ignored
}
