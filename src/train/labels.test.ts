import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'
import { parseConfig } from '../checkpoint/config.ts'
import type { LlavaConfig } from '../checkpoint/configTypes.ts'
import type { Exchange } from '../teachApi.ts'
import { openChatTemplate } from '../text/chatTemplate.ts'
import { templateFormat } from '../text/templateFormat.ts'
import { openTokenizer } from '../text/tokenizer.ts'
import { type LabelTools, labelExample } from './labels.ts'

const folderOf = (path: string) => fileURLToPath(new URL(`../../${path}`, import.meta.url))
const clip = folderOf('goldens/llava-clip-llama')

/** The tools of a checkpoint in a folder, with another template if one is given. */
function toolsOf(folder: string, jinja?: string, eos?: number[]) {
  const text = (file: string) => readFileSync(`${folder}/${file}`, 'utf8')
  const [tokenizerJson, tokenizerConfig, config] = ['tokenizer.json', 'tokenizer_config.json', 'config.json'].map(
    (file) => JSON.parse(text(file)),
  )
  const tokenizer = openTokenizer({ tokenizerJson, tokenizerConfig })
  const template = openChatTemplate({
    jinja: jinja ?? text('chat_template.jinja'),
    specialTokens: tokenizer.specialTokens,
  })
  const parsed = parseConfig(config) as LlavaConfig
  const seeing = { visualTokens: parsed.positions, instructionTokens: 0 }
  const image = { id: parsed.imageTokenId, token: parsed.imageToken }
  const format = templateFormat({ tokenizer, template, image, eos: eos ?? parsed.eos })
  return { config: parsed, tokenizer, format, maxContext: 2048, ...seeing }
}

const chat = { mask: 'prompt', template: 'chat' } as const

function label(turns: Exchange[], tools: LabelTools, settings: Parameters<typeof labelExample>[2] = chat) {
  return labelExample({ turns, name: 'lesson.jsonl:1' }, tools, settings)
}

function tokensOf(...args: Parameters<typeof label>) {
  const { tokens, problems } = label(...args)
  expect(problems).toEqual([])
  return tokens!
}

/** The runs of rows that count, as the text that they must predict. */
function taught({ labels }: { labels: readonly number[] }, { tokenizer }: LabelTools): string[] {
  const runs: number[][] = []
  labels.forEach((id, i) => {
    if (id < 0) return
    if ((labels[i - 1] ?? -100) < 0) runs.push([])
    runs.at(-1)!.push(id)
  })
  return runs.map((ids) => tokenizer.decode(ids, { skipSpecialTokens: false }))
}

const exchange = (question: string, answer: string): Exchange => ({ question, answer })
const rounds = [exchange('What is it?', 'A red circle.'), exchange('And below?', 'A square.')]

describe.each(['llava-clip-llama', 'llava-siglip-qwen2'])('labelExample on %s', (name) => {
  const tools = toolsOf(folderOf(`goldens/${name}`))
  type Case = { question: string; answer: string; input_ids: number[]; answer_ids: number[] }
  const { cases }: { cases: Case[] } = JSON.parse(readFileSync(folderOf(`goldens/${name}/expected.json`), 'utf8'))

  it.each(cases)(
    'gives the ids and labels of PyTorch’s run: $question',
    ({ question, answer, input_ids, answer_ids }) => {
      const { ids, labels } = tokensOf([{ question, answer }], tools)
      expect(ids).toEqual([...input_ids, ...answer_ids.slice(0, -1)])
      expect(labels).toEqual([...Array(input_ids.length - 1).fill(-100), ...answer_ids])
    },
  )

  it('counts the answers of every round, each with its end', () => {
    const tokens = tokensOf(rounds, tools)
    expect(taught(tokens, tools)).toEqual([' A red circle.</s>', ' A square.</s>'])
    expect(tools.tokenizer.decode(tokens.ids)).toContain('And below? ASSISTANT: A square.')
    tokens.labels.forEach((id, i) => {
      if (id >= 0 && i + 1 < tokens.ids.length) expect(tokens.ids[i + 1]).toBe(id)
    })
  })
})

describe('labelExample', () => {
  const tools = toolsOf(clip)
  /** A template as on the hub, which writes no end. */
  const silentTemplate =
    "{% for m in messages %}{{ m.role.upper() + ': ' }}{% for c in m.content %}{% if c.type == 'image' %}<image>\n{% else %}{{ c.text + ' ' }}{% endif %}{% endfor %}{% endfor %}{% if add_generation_prompt %}ASSISTANT:{% endif %}"
  const silent = toolsOf(clip, silentTemplate)

  it('teaches the embedded model its own format', () => {
    const embedded = toolsOf(folderOf('public/models/pocket'))
    const tokens = tokensOf(rounds, embedded)
    expect(taught(tokens, embedded)).toEqual([' A red circle.</s>', ' A square.</s>'])
    expect(tokens.ids.filter((id) => id === embedded.config.imageTokenId).length).toBe(64)
  })

  it('counts all text but the image without a mask', () => {
    const { ids, labels } = tokensOf(rounds, tools, { ...chat, mask: 'none' })
    const expected = ids.slice(1).map((id) => (id === tools.config.imageTokenId ? -100 : id))
    expect(labels).toEqual([...expected, tools.config.eos[0]])
    expect(taught({ labels }, tools)[1]).toBe(
      '\nWhat is it? ASSISTANT: A red circle.</s>USER: And below? ASSISTANT: A square.</s>',
    )
  })

  it('writes a plain caption with its newline and no end', () => {
    const { ids, labels } = tokensOf([exchange('not used', ' A red bird. ')], tools, { ...chat, template: 'plain' })
    const image = tools.config.imageTokenId
    const caption = [36, 339, 71, 224, 69, 318, 71, 17]
    expect(ids).toEqual([0, ...Array(16).fill(image), ...caption])
    expect(labels).toEqual([...Array(16).fill(-100), ...caption, 202])
    const unmasked = tokensOf([exchange('', 'A red bird.')], tools, { mask: 'none', template: 'plain' })
    expect(unmasked.labels).toEqual(labels)
  })

  it('teaches the end also where the template does not write it', () => {
    const tokens = tokensOf(rounds, silent)
    expect(taught(tokens, silent)).toEqual([' A red circle.</s>', ' A square.</s>'])
    expect(tokens.ids).not.toContain(silent.config.eos[0])
  })

  it('teaches the end that the tokenizer names, of several', () => {
    expect(tokensOf(rounds, toolsOf(clip, silentTemplate, [2, 1])).labels.at(-1)).toBe(1)
    expect(tokensOf(rounds, toolsOf(clip, undefined, [2, 1])).labels.at(-1)).toBe(1)
  })

  it('does not count an answer whose end the template changes beyond a token', () => {
    const writes = (more: string) =>
      toolsOf(
        clip,
        `{% for m in messages %}{{ m.role.upper() + ': ' }}{% for c in m.content %}{% if c.type == 'image' %}<image>\n{% else %}{{ c.text }}{% endif %}{% endfor %}{{ '${more}</s>' if m.role == 'assistant' else ' ' }}{% endfor %}{% if add_generation_prompt %}ASSISTANT:{% endif %}`,
      )
    expect(label([exchange('What?', 'ci')], writes('rcle')).tokens).toBeUndefined()
    expect(taught(label([exchange('What?', 'cir')], writes('cle')).tokens!, tools)).toEqual([' cir</s>'])
  })

  it('gives a token that merges over the seam to the answer, and leaves out what follows the end', () => {
    const chatMl = toolsOf(
      clip,
      "{% for m in messages %}{{ m.role + ': ' }}{% for c in m.content %}{% if c.type == 'image' %}<image>{% else %}{{ c.text }}{% endif %}{% endfor %}{{ '</s>\n' }}{% endfor %}{% if add_generation_prompt %}{{ 'assistant: ' }}{% endif %}",
    )
    const tokens = tokensOf(rounds, chatMl)
    expect(taught(tokens, chatMl)).toEqual([' A red circle.</s>', ' A square.</s>'])
    expect(tokens.labels.at(-1)).toBe(chatMl.config.eos[0])
  })

  it('reports a round that the template writes otherwise, and keeps the rest', () => {
    const secretive = toolsOf(
      clip,
      "{% for m in messages %}{{ m.role.upper() + ': ' }}{% for c in m.content %}{% if c.type == 'image' %}<image>\n{% elif loop.last and m.role == 'assistant' and c.text == 'A square.' %}no{% else %}{{ c.text }}{% endif %}{% endfor %}{{ '</s>' if m.role == 'assistant' else ' ' }}{% endfor %}{% if add_generation_prompt %}ASSISTANT:{% endif %}",
    )
    const { tokens, problems } = label(rounds, secretive)
    expect(taught(tokens!, secretive)).toEqual([' A red circle.</s>'])
    expect(problems).toEqual([
      { where: 'lesson.jsonl:1', message: expect.stringMatching(/answer of round 2 does not count/) },
    ])
    expect(label(rounds.slice(1), secretive)).toEqual({
      problems: [expect.objectContaining({ where: 'lesson.jsonl:1' })],
    })
  })

  it.each<[Exchange[], Parameters<typeof labelExample>[2], RegExp]>([
    [[], chat, /There is no question and answer/],
    [[exchange('What?', ' \n')], chat, /The answer is empty/],
    [[rounds[0]!, exchange('And?', '')], chat, /The answer of round 2 is empty/],
    [rounds, { ...chat, template: 'plain' }, /2 answers, but the plain template takes one/],
    [[exchange('An <image>?', 'yes')], chat, /2 image tokens/],
    [
      [exchange('What?', 'red '.repeat(3000))],
      chat,
      /takes \d+ tokens, 16 of them for the image, but the model holds 2048/,
    ],
  ])('says what is wrong, case %#', (turns, settings, message) => {
    const { tokens, problems } = label(turns, tools, settings)
    expect(tokens).toBeUndefined()
    expect(problems).toEqual([{ where: 'lesson.jsonl:1', message: expect.stringMatching(message) }])
  })

  it('takes what just fits', () => {
    const { ids } = tokensOf(rounds, tools)
    expect(label(rounds, { ...tools, maxContext: ids.length }).tokens).toBeDefined()
    expect(label(rounds, { ...tools, maxContext: ids.length - 1 }).tokens).toBeUndefined()
  })
})
