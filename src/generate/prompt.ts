import type { Message } from '../api.ts'
import type { ModelConfig } from '../checkpoint/configTypes.ts'
import { BeagleError } from '../errors.ts'
import { decodeImage } from '../image/decode.ts'
import { checkImage, type RgbImage } from '../image/rgbImage.ts'
import type { TemplateMessage } from '../text/chatTemplate.ts'
import { expandImageTokens, instructionIds } from '../text/imageTokens.ts'
import type { PromptFormat } from '../text/promptFormat.ts'
import type { Tokenizer } from '../text/tokenizer.ts'

/** An image of a prompt, known by its content. */
export interface PromptImage {
  key: string
  /** Token ids of its question, where the projector reads them. */
  instruction?: readonly number[]
  /** Its pixels; decodes the file where that was not needed before. */
  open(): Promise<RgbImage>
}

/** A prompt as the decoder sees it. */
export interface EncodedPrompt {
  /** The image token repeated once per visual token. */
  ids: number[]
  /** What each row is: a text row by its id, a visual one by its image and place; equal marks mean equal rows. */
  marks: string[]
  images: PromptImage[]
}

export interface PromptTools {
  config: ModelConfig
  tokenizer: Tokenizer
  format: PromptFormat
}

/** How a prompt's images are seen. */
export interface Seeing {
  visualTokens: number
  /** Longest question that the projector reads along with an image, in tokens; 0 where it reads none. */
  instructionTokens: number
}

/** What a row's visual token depends on, but for its place: the image and, where the projector reads it, the question. */
export const markOf = ({ key, instruction }: PromptImage) => (instruction ? `${key}?${instruction.join(',')}` : key)

/** Renders, tokenizes and expands messages. Throws `bad-argument` for messages that the model cannot take. */
export async function encodeMessages(
  messages: readonly Message[],
  tools: PromptTools,
  seeing: Seeing,
): Promise<EncodedPrompt> {
  const { config, tokenizer, format } = tools
  if (messages.length === 0)
    throw new BeagleError('bad-argument', 'There are no messages. Give at least one of role "user".')
  const images: PromptImage[] = []
  for (const { content } of messages) {
    if (typeof content === 'string') continue
    const question = content.map((part) => (part.type === 'text' ? part.text : '')).join('')
    const instruction = instructionIds(tokenizer, question, seeing.instructionTokens)
    for (const part of content) if (part.type === 'image') images.push({ ...(await identify(part.image)), instruction })
  }
  if (images.length > 0 && config.kind === 'decoder') {
    throw new BeagleError(
      'bad-argument',
      `${config.architecture} reads text only, but ${images.length} image(s) were given. Load a LLaVA model to ask about images.`,
    )
  }
  const ids = format.prompt(messages.map(withoutPixels))
  if (config.kind === 'decoder') return { ids, marks: ids.map(String), images }
  const perImage = seeing.visualTokens
  const expanded = expandImageTokens(
    ids,
    config.imageTokenId,
    images.map(() => perImage),
  )
  let visual = 0
  const marks = expanded.map((id) => {
    if (id !== config.imageTokenId) return String(id)
    const at = visual++
    return `${markOf(images[Math.floor(at / perImage)]!)}:${at % perImage}`
  })
  return { ids: expanded, marks, images }
}

function withoutPixels({ role, content }: Message): TemplateMessage {
  if (typeof content === 'string') return { role, content }
  return { role, content: content.map((part) => (part.type === 'image' ? { type: 'image' } : part)) }
}

/** Keys of files seen before, so that a further question about one need not decode it again. */
const keysOfFiles = new WeakMap<Blob, string>()

/** Knows an image by its content. Throws `bad-image` where it is none. */
export async function identify(input: RgbImage | Blob | Uint8Array): Promise<PromptImage> {
  const isFile = input instanceof Blob
  const known = isFile ? keysOfFiles.get(input) : undefined
  if (isFile && known) return { key: known, open: () => decodeImage(input) }
  const image = isFile || input instanceof Uint8Array ? await decodeImage(input) : input
  checkImage(image)
  const sum = new Uint8Array(await crypto.subtle.digest('SHA-256', image.data as Uint8Array<ArrayBuffer>))
  const digits = Array.from(sum.subarray(0, 12), (byte) => byte.toString(16).padStart(2, '0')).join('')
  const key = `${image.width}x${image.height}-${digits}`
  if (isFile) keysOfFiles.set(input, key)
  return { key, open: async () => image }
}
