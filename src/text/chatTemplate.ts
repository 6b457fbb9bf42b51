import { Template } from '@huggingface/jinja'
import { BeagleError } from '../errors.ts'

/** One part of a message as the templates of the hub see it; the pixels are not needed here. */
export type TemplatePart = { type: 'text'; text: string } | { type: 'image' }

export interface TemplateMessage {
  role: string
  content: string | readonly TemplatePart[]
}

export interface ChatTemplate {
  /** Where the template came from, for reports. */
  readonly origin: 'chat_template.jinja' | 'chat_template.json' | 'tokenizer_config.json' | 'vicuna (built in)'
  /** The prompt's text, each image as the image token once. */
  render(messages: readonly TemplateMessage[], options?: { addGenerationPrompt?: boolean }): string
}

export interface ChatTemplateFiles {
  /** Text of `chat_template.jinja`. */
  jinja?: string
  /** Parsed `chat_template.json`. */
  json?: unknown
  /** Parsed `tokenizer_config.json`, whose `chat_template` may be a text or a list of named ones. */
  tokenizerConfig?: unknown
  /** bos_token, eos_token and so on, as the tokenizer tells them. */
  specialTokens?: Readonly<Record<string, string>>
  /** How the model's vocabulary writes an image; default `<image>`. */
  imageToken?: string
}

/** LLaVA-1.5's own format (vicuna_v1 without its system sentence, as on the hub's model cards), for checkpoints without a template. */
const VICUNA = `{% for message in messages %}
{%- if message['role'] == 'system' %}{{ message['content'][0]['text'] + ' ' }}
{%- else %}{{ message['role'].upper() + ': ' }}
{%- for part in message['content'] if part['type'] == 'image' %}{{ image_token + '\\n' }}{% endfor %}
{%- for part in message['content'] if part['type'] == 'text' %}{{ part['text'] }}{% endfor %}
{%- if message['role'] == 'assistant' %}{{ eos_token }}{% else %}{{ ' ' }}{% endif %}
{%- endif %}
{%- endfor %}
{%- if add_generation_prompt %}{{ 'ASSISTANT:' }}{% endif %}`

function field(source: unknown, name: string): unknown {
  return typeof source === 'object' && source !== null
    ? ((source as Record<string, unknown>)[name] ?? undefined)
    : undefined
}

/** A template is a text, or a list of `{ name, template }` or a record, of which `default` is meant. */
function templateText(value: unknown): string | undefined {
  if (value === undefined || typeof value === 'string') return value
  if (Array.isArray(value)) {
    const named = value.find((entry) => field(entry, 'name') === 'default') ?? value[0]
    return templateText(field(named, 'template'))
  }
  return templateText(field(value, 'default'))
}

function pick(files: ChatTemplateFiles): { origin: ChatTemplate['origin']; source: string } {
  if (files.jinja !== undefined) return { origin: 'chat_template.jinja', source: files.jinja }
  const json = templateText(field(files.json, 'chat_template'))
  if (json !== undefined) return { origin: 'chat_template.json', source: json }
  const inTokenizer = templateText(field(files.tokenizerConfig, 'chat_template'))
  if (inTokenizer !== undefined) return { origin: 'tokenizer_config.json', source: inTokenizer }
  return { origin: 'vicuna (built in)', source: VICUNA }
}

/** Templates of vision models look into a list of parts; those of plain language models add the content as one text. */
function readsParts(source: string): boolean {
  return /\.type\b|\[\s*['"]type['"]\s*\]|selectattr\(\s*['"]type['"]/.test(source)
}

function asParts(content: TemplateMessage['content']): readonly TemplatePart[] {
  return typeof content === 'string' ? [{ type: 'text', text: content }] : content
}

function asText(content: TemplateMessage['content'], imageToken: string): string {
  if (typeof content === 'string') return content
  const images = content.filter((part) => part.type === 'image').map(() => `${imageToken}\n`)
  return images.join('') + content.map((part) => (part.type === 'text' ? part.text : '')).join('')
}

/**
 * Chooses the template in the hub's order (chat_template.jinja, chat_template.json, tokenizer_config, else LLaVA-1.5's own)
 * and compiles it. Throws `bad-file` for a template that does not parse or refuses the messages, with its own words.
 */
export function openChatTemplate(files: ChatTemplateFiles): ChatTemplate {
  const { origin, source } = pick(files)
  const imageToken = files.imageToken ?? '<image>'
  const template = explained(origin, () => new Template(source))
  const parts = readsParts(source)
  return {
    origin,
    render(messages, options) {
      return explained(origin, () =>
        template.render({
          bos_token: '',
          eos_token: '',
          image_token: imageToken,
          ...files.specialTokens,
          messages: messages.map(({ role, content }) => ({
            role,
            content: parts ? asParts(content) : asText(content, imageToken),
          })),
          add_generation_prompt: options?.addGenerationPrompt ?? true,
        }),
      )
    },
  }
}

function explained<T>(origin: string, action: () => T): T {
  try {
    return action()
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error)
    throw new BeagleError('bad-file', `The chat template of ${origin} failed: ${reason}`, { cause: error })
  }
}
