import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { openChatTemplate } from './chatTemplate.ts'
import { encodePrompt, expandImageTokens } from './imageTokens.ts'
import { openTokenizer } from './tokenizer.ts'

const golden = (path: string) => readFileSync(new URL(`../../goldens/${path}`, import.meta.url), 'utf8')
const json = (path: string) => JSON.parse(golden(path))

describe('SmolLM2 tokenizer', () => {
  const tokenizer = openTokenizer({ tokenizerJson: json('smollm2-tokenizer/tokenizer.json') })
  const cases: { text: string; ids: number[]; decoded: string }[] = json('smollm2-tokenizer/expected.json')

  it.each(cases)('encodes and decodes $text', ({ text, ids, decoded }) => {
    expect(tokenizer.encode(text)).toEqual(ids)
    expect(tokenizer.decode(ids, { skipSpecialTokens: false })).toBe(decoded)
  })

  it.each(cases)('streams whole characters of $text', ({ ids, decoded }) => {
    const stream = tokenizer.stream({ skipSpecialTokens: false })
    const pieces = ids.map((id) => stream.push(id))
    for (const piece of pieces) expect(piece).not.toContain('\uFFFD')
    expect(pieces.join('') + stream.end()).toBe(decoded)
  })
})

describe.each(['llava-clip-llama', 'llava-siglip-qwen2'])('%s', (folder) => {
  const tokenizerConfig = json(`${folder}/tokenizer_config.json`)
  const tokenizer = openTokenizer({ tokenizerJson: json(`${folder}/tokenizer.json`), tokenizerConfig })
  const template = openChatTemplate({
    jinja: golden(`${folder}/chat_template.jinja`),
    specialTokens: tokenizer.specialTokens,
  })
  interface Case {
    question: string
    prompt: string
    input_ids: number[]
    greedy_ids: number[]
    greedy_text: string
  }
  const { cases }: { cases: Case[] } = json(`${folder}/expected.json`)

  it.each(cases)('renders, encodes and expands: $question', (example) => {
    const { question, prompt, input_ids, greedy_ids, greedy_text } = example
    const rendered = template.render([{ role: 'user', content: [{ type: 'image' }, { type: 'text', text: question }] }])
    expect(rendered).toBe(prompt)
    const imageId = tokenizer.idOf('<image>')!
    expect(expandImageTokens(encodePrompt(tokenizer, rendered), imageId, [16])).toEqual(input_ids)
    expect(tokenizer.decode(greedy_ids)).toBe(greedy_text)
    const stream = tokenizer.stream()
    const streamed = greedy_ids.map((id) => stream.push(id)).join('') + stream.end()
    expect(streamed).toBe(greedy_text)
  })
})
