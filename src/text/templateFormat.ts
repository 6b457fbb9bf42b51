import type { ChatTemplate, TemplateMessage } from './chatTemplate.ts'
import { encodePrompt } from './imageTokens.ts'
import { asMessages, endToken, ignored, nextIds, type PromptFormat, type Round, type Targets } from './promptFormat.ts'
import type { Tokenizer } from './tokenizer.ts'

export interface TemplateFormatParts {
  tokenizer: Tokenizer
  template: ChatTemplate
  /** The image's token and how the vocabulary writes it; none for a model without eyes. */
  image?: { id: number; token: string }
  /** Any of these ends an answer. */
  eos: readonly number[]
}

/**
 * Conversations as the checkpoint's own chat template writes them, images before the text of their message. Answers are found again in
 * the text (arXiv:2310.03744, section 3.1: the assistant's words and the token that ends them count, in every round); a caption
 * is LLaVA's `plain`: image, caption, newline, of which caption and newline count.
 */
export function templateFormat(parts: TemplateFormatParts): PromptFormat {
  const { tokenizer, template, image } = parts
  return {
    prompt: (messages) => encodePrompt(tokenizer, template.render(messages.map(imagesFirst))),
    conversation: (rounds, { all }) => conversation(rounds, parts, all),
    caption: (text) => {
      const ids = encodePrompt(tokenizer, `${image?.token ?? ''}${text.trim()}\n`)
      const at = ids.indexOf(image?.id ?? ignored)
      return { ids, targets: nextIds(ids, image?.id).map((id, i) => (i < at ? ignored : id)), problems: [] }
    },
  }
}

function imagesFirst({ role, content }: TemplateMessage): TemplateMessage {
  if (typeof content === 'string') return { role, content }
  return { role, content: [...content].sort((a, b) => Number(b.type === 'image') - Number(a.type === 'image')) }
}

function conversation(rounds: readonly Round[], parts: TemplateFormatParts, all: boolean): Targets {
  const { tokenizer, template, image, eos } = parts
  const messages = rounds.flatMap(asMessages)
  const whole = template.render(messages, { addGenerationPrompt: false })
  const ids = encodePrompt(tokenizer, whole)
  const targets = all ? nextIds(ids, image?.id) : ids.map(() => ignored)
  const problems: string[] = []
  rounds.forEach(({ answer }, round) => {
    const prompt = template.render(messages.slice(0, 2 * round + 1))
    const span = answerSpan(ids, whole, prompt, answer.trim(), parts)
    if (!span) {
      const which = rounds.length > 1 ? ` of round ${round + 1}` : ''
      const why = 'because the model’s chat template does not write it behind its prompt'
      problems.push(`The answer${which} does not count, ${why}.`)
      return
    }
    for (let i = span.first - 1; i < span.end - 1; i++) targets[i] = ids[i + 1]!
    if (!span.closed) targets[span.end - 1] = endToken(tokenizer, eos)
  })
  return { ids, targets, problems }
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
  { tokenizer, eos }: TemplateFormatParts,
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
  const closed = eos.some((id) => after.startsWith(tokenizer.tokenOf(id) || '\0'))
  return closed
    ? { first, end: ids.findIndex((id, i) => i >= end && eos.includes(id)) + 1, closed }
    : { first, end, closed }
}

function commonStart(a: readonly number[], b: readonly number[]): number {
  const differs = b.findIndex((id, i) => id !== a[i])
  return differs < 0 ? b.length : differs
}
