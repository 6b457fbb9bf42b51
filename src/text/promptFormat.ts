import type { TemplateMessage } from './chatTemplate.ts'
import type { Tokenizer } from './tokenizer.ts'

/** Label of a row whose prediction does not count. */
export const ignored = -100

/** A question and its answer. */
export interface Round {
  question: string
  answer: string
}

/** Tokens of an example, an image being one of them, and what each must predict: `targets[i]` stands for row i, `ignored` for nothing. */
export interface Targets {
  ids: number[]
  targets: number[]
  /** What was left out, and why. */
  problems: string[]
}

/** How a model's conversations become tokens, in which each image is its token once. */
export interface PromptFormat {
  /** What was said so far, up to where the next answer begins. */
  prompt(messages: readonly TemplateMessage[]): number[]
  /** Questions about one image, whose answers are the targets, each with the token that ends it; with `all`, all text is. */
  conversation(rounds: readonly Round[], options: { all: boolean }): Targets
  /** An image and its caption, which is the target, as in LLaVA's and Honeybee's pre-training. */
  caption(text: string): Targets
}

/** What each row must predict if all text counts. */
export const nextIds = (ids: readonly number[], image: number | undefined): number[] =>
  ids.map((_, i) => (ids[i + 1] === undefined || ids[i + 1] === image ? ignored : ids[i + 1]!))

/** A round as messages; the image stands before the first question. */
export function asMessages({ question, answer }: Round, round: number): TemplateMessage[] {
  const text = { type: 'text', text: question } as const
  return [
    { role: 'user', content: round === 0 ? [{ type: 'image' }, text] : [text] },
    { role: 'assistant', content: [{ type: 'text', text: answer.trim() }] },
  ]
}

/** What ends an answer: of the ids that end the chat, the one that the tokenizer names. */
export function endToken(tokenizer: Tokenizer, eos: readonly number[]): number {
  const named = tokenizer.idOf(tokenizer.specialTokens.eos_token ?? '')
  return eos.find((id) => id === named) ?? eos[0] ?? named ?? ignored
}
