import { describe, expect, it } from 'vitest'
import { openChatTemplate, type TemplateMessage } from './chatTemplate.ts'

const image = { type: 'image' } as const
const text = (value: string) => ({ type: 'text', text: value }) as const
const turns: TemplateMessage[] = [
  { role: 'user', content: [image, text('What is this?')] },
  { role: 'assistant', content: 'A bee.' },
  { role: 'user', content: 'Which colour?' },
]
const specialTokens = { bos_token: '<s>', eos_token: '</s>' }

/** llava-hf's published template for llava-1.5, with its Python-only generation marks. */
const llavaHf =
  "{% for message in messages %}{% if message['role'] != 'system' %}{{ message['role'].upper() + ': '}}{% endif %}{# Render all images first #}{% for content in message['content'] | selectattr('type', 'equalto', 'image') %}{{ '<image>\n' }}{% endfor %}{# Render all text next #}{% if message['role'] != 'assistant' %}{% for content in message['content'] | selectattr('type', 'equalto', 'text') %}{{ content['text'] + ' '}}{% endfor %}{% else %}{% for content in message['content'] | selectattr('type', 'equalto', 'text') %}{% generation %}{{ content['text'] + ' '}}{% endgeneration %}{% endfor %}{% endif %}{% endfor %}{% if add_generation_prompt %}{{ 'ASSISTANT:' }}{% endif %}"

/** Qwen's ChatML, for which contents are texts. */
const chatMl =
  "{% for message in messages %}{{'<|im_start|>' + message['role'] + '\n' + message['content'] + '<|im_end|>' + '\n'}}{% endfor %}{% if add_generation_prompt %}{{ '<|im_start|>assistant\n' }}{% endif %}"

describe('openChatTemplate', () => {
  it('falls back to the format of LLaVA-1.5', () => {
    const template = openChatTemplate({ specialTokens })
    expect(template.origin).toBe('vicuna (built in)')
    expect(template.render(turns)).toBe(
      'USER: <image>\nWhat is this? ASSISTANT: A bee.</s>USER: Which colour? ASSISTANT:',
    )
    expect(template.render([{ role: 'system', content: 'Be kind.' }, turns[2]!])).toBe(
      'Be kind. USER: Which colour? ASSISTANT:',
    )
    expect(
      openChatTemplate({ imageToken: '<img>' }).render([{ role: 'user', content: [text('a'), image] }], {
        addGenerationPrompt: false,
      }),
    ).toBe('USER: <img>\na ')
  })

  it('renders the template of llava-hf with its generation marks', () => {
    expect(openChatTemplate({ json: { chat_template: llavaHf } }).render(turns)).toBe(
      'USER: <image>\nWhat is this? ASSISTANT: A bee. USER: Which colour? ASSISTANT:',
    )
  })

  it('gives language models one text per message, images first', () => {
    const template = openChatTemplate({ tokenizerConfig: { chat_template: chatMl } })
    expect(template.origin).toBe('tokenizer_config.json')
    expect(template.render([turns[0]!])).toBe(
      '<|im_start|>user\n<image>\nWhat is this?<|im_end|>\n<|im_start|>assistant\n',
    )
  })

  it('prefers chat_template.jinja, then chat_template.json, then the tokenizer, and of a list the default', () => {
    const tokenizerConfig = {
      chat_template: [
        { name: 'tool_use', template: 'tools' },
        { name: 'default', template: 'named' },
      ],
    }
    const json = { chat_template: 'json' }
    expect(openChatTemplate({ jinja: 'jinja', json, tokenizerConfig }).render(turns)).toBe('jinja')
    expect(openChatTemplate({ json, tokenizerConfig }).render(turns)).toBe('json')
    expect(openChatTemplate({ json: {}, tokenizerConfig }).render(turns)).toBe('named')
    expect(openChatTemplate({ json: { chat_template: { default: 'record' } } }).render(turns)).toBe('record')
  })

  it('knows the special tokens', () => {
    expect(openChatTemplate({ jinja: '{{ bos_token }}{{ eos_token }}', specialTokens }).render(turns)).toBe('<s></s>')
  })

  it('passes on what a template objects to', () => {
    const refusing = openChatTemplate({ jinja: "{{ raise_exception('Roles must alternate') }}" })
    expect(() => refusing.render(turns)).toThrow(/chat template of chat_template.jinja failed: .*Roles must alternate/)
    expect(() => openChatTemplate({ jinja: '{% for %}' })).toThrow(/chat template of chat_template.jinja failed/)
  })
})
