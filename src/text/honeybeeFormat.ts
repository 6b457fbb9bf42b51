import type { TemplateMessage, TemplatePart } from './chatTemplate.ts'
import { asMessages, endToken, ignored, nextIds, type PromptFormat, type Targets } from './promptFormat.ts'
import type { Tokenizer } from './tokenizer.ts'

const system =
  "The following is a conversation between a curious human and AI assistant. The assistant gives helpful, detailed, and polite answers to the user's questions."
const [human, ai] = ['\nHuman: ', '\nAI: ']

/** Tokens of one piece of text, or an image's; an answer counts as a target. */
interface Chunk {
  ids: readonly number[]
  counts: boolean
}

/**
 * Honeybee's conversations: BOS, a sentence of the system, then lines `Human: <image>`, `Human: …` and `AI: …`, images where they stand in
 * their message. Every text between images and roles is tokenized by itself, so that each begins with a blank of its own, and
 * no text can write an image or a role. Answers end with EOS and are, with it, the only targets; a caption is BOS, image, caption, EOS.
 * Source: kakaobrain/honeybee, honeybee/tokenization_honeybee.py and inference_example.ipynb.
 */
export function honeybeeFormat(
  tokenizer: Tokenizer,
  { image, bos, eos }: { image: number; bos?: number; eos: readonly number[] },
): PromptFormat {
  const end = endToken(tokenizer, eos)
  const tokens = (text: string) => (text === '' ? [] : tokenizer.encode(text, { addSpecialTokens: false }))
  const said = (text: string): Chunk => ({ ids: tokens(text), counts: false })
  const answer = (text: string): Chunk => ({ ids: [...tokens(text), end], counts: true })
  const begin: Chunk = { ids: bos === undefined ? [] : [bos], counts: false }
  const seen: Chunk = { ids: [image], counts: false }

  const line = ({ role, content }: TemplateMessage): Chunk[] =>
    role === 'assistant'
      ? [said(ai), answer(textOf(content))]
      : joined(content).flatMap((part) => [said(human), part.type === 'image' ? seen : said(part.text)])
  const written = (messages: readonly TemplateMessage[]): Chunk[] => {
    const [first, ...rest] = messages
    const lines = first?.role === 'system' ? rest : messages
    return [begin, said(first?.role === 'system' ? textOf(first.content) : system), ...lines.flatMap(line)]
  }
  const idsOf = (chunks: readonly Chunk[]) => chunks.flatMap(({ ids }) => ids)
  const targetsOf = (chunks: readonly Chunk[], all: boolean): Targets => {
    const ids = idsOf(chunks)
    const counts = chunks.flatMap((chunk) => chunk.ids.map(() => chunk.counts))
    return { ids, targets: nextIds(ids, image).map((id, i) => (all || counts[i + 1] ? id : ignored)), problems: [] }
  }
  return {
    prompt: (messages) => idsOf([...written(messages), said(ai)]),
    conversation: (rounds, { all }) => targetsOf(written(rounds.flatMap(asMessages)), all),
    caption: (text) => targetsOf([begin, seen, answer(text.trim())], false),
  }
}

const partsOf = (content: TemplateMessage['content']): readonly TemplatePart[] =>
  typeof content === 'string' ? [{ type: 'text', text: content }] : content

const textOf = (content: TemplateMessage['content']) =>
  partsOf(content)
    .map((part) => (part.type === 'text' ? part.text : ''))
    .join('')

/** Images, and what is said between them in one piece each. */
function joined(content: TemplateMessage['content']): TemplatePart[] {
  const parts: TemplatePart[] = []
  for (const part of partsOf(content)) {
    const last = parts.at(-1)
    if (last?.type === 'text' && part.type === 'text')
      parts.splice(-1, 1, { type: 'text', text: last.text + part.text })
    else parts.push(part)
  }
  return parts.filter((part) => part.type === 'image' || part.text !== '')
}
