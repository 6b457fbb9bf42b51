import { BeagleError } from '../errors.ts'

/**
 * Repeats the k-th image token `counts[k]` times, once per visual token. Throws `bad-argument` with both numbers when the prompt
 * has not exactly one image token per image.
 */
export function expandImageTokens(ids: readonly number[], imageTokenId: number, counts: readonly number[]): number[] {
  const found = ids.reduce((sum, id) => sum + (id === imageTokenId ? 1 : 0), 0)
  if (found !== counts.length) {
    throw new BeagleError(
      'bad-argument',
      `The prompt has ${found} image token(s) (id ${imageTokenId}) but ${counts.length} image(s) were given. Attach one image per image token, and keep the token out of the text.`,
    )
  }
  const expanded: number[] = []
  let image = 0
  for (const id of ids) {
    const times = id === imageTokenId ? counts[image++]! : 1
    for (let i = 0; i < times; i++) expanded.push(id)
  }
  return expanded
}

/** Encodes a rendered prompt as transformers does: special tokens are added unless the template has written BOS itself. */
export function encodePrompt(
  tokenizer: {
    encode(text: string, options?: { addSpecialTokens?: boolean }): number[]
    specialTokens: Readonly<Record<string, string>>
  },
  prompt: string,
): number[] {
  const bos = tokenizer.specialTokens.bos_token
  const hasBos = bos !== undefined && bos !== '' && prompt.startsWith(bos)
  return tokenizer.encode(prompt, { addSpecialTokens: !hasBos })
}

/** Token ids of the question that a projector reads along with the image, at most `longest` of them; none where that is 0 or nothing is asked. */
export function instructionIds(
  tokenizer: { encode(text: string, options?: { addSpecialTokens?: boolean }): number[] },
  question: string,
  longest: number,
): number[] | undefined {
  const ids = longest > 0 ? tokenizer.encode(question, { addSpecialTokens: false }).slice(0, longest) : []
  return ids.length > 0 ? ids : undefined
}
