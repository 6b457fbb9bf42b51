import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import type { ChatOptions, ChatResult, ContentPart, Message, Model } from '../api.ts'
import type { EncodedPrompt } from '../generate/prompt.ts'
import { trace } from '../generate/trace.ts'
import type { ModelParts } from '../loadedModel.ts'

/** A path below goldens/. */
export const golden = (path: string): string => fileURLToPath(new URL(`../../goldens/${path}`, import.meta.url))

export const goldenBytes = (path: string): Uint8Array<ArrayBuffer> => new Uint8Array(readFileSync(golden(path)))

export const goldenJson = <T>(path: string): T => JSON.parse(readFileSync(golden(path), 'utf8')) as T

/** A question about image files below goldens/. */
export function asks(text: string, ...images: string[]): Message {
  const content = images.map((path): ContentPart => ({ type: 'image', image: goldenBytes(path) }))
  return { role: 'user', content: [...content, { type: 'text', text }] }
}

export const says = (text: string): Message => ({ role: 'assistant', content: text })

/** Chats to the end; greedy and 8 tokens unless told. */
export async function answer(model: Model, messages: Message[], options: ChatOptions = {}): Promise<ChatResult> {
  for await (const { result } of model.chat(messages, { maxNewTokens: 8, temperature: 0, ...options })) {
    if (result) return result
  }
  throw new Error('The chat ended without a result.')
}

/** The parts behind the public face of a model, for tests that count what they do. */
export const insidesOf = (model: Model): ModelParts => (model as unknown as { parts: ModelParts }).parts

/** The likeliest token behind every position of `ids`, the right ids being fed in whatever the model would say (teacher forcing). */
export async function forcedChoices(model: Model, prompt: EncodedPrompt): Promise<number[]> {
  const { gpu, weights, session, opened } = insidesOf(model)
  session.forget()
  const { tensors } = await trace(gpu, weights, opened.config, session, prompt)
  const logits = tensors.logits!.data as Float32Array
  const size = opened.config.text.vocab
  return prompt.ids.map((_, row) => {
    const values = logits.subarray(row * size, (row + 1) * size)
    return values.indexOf(values.reduce((most, value) => Math.max(most, value), Number.NEGATIVE_INFINITY))
  })
}
