import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import type { TemplateMessage, TemplatePart } from './chatTemplate.ts'
import { honeybeeFormat } from './honeybeeFormat.ts'
import { openTokenizer } from './tokenizer.ts'

/** The pieces of Llama's vocabulary in the texts below, under their own ids, and what merges into them. */
const vocab = {
  ...{ '<unk>': 0, '<s>': 1, '</s>': 2, '<0x0A>': 13, '▁is': 338, '▁it': 372, '▁What': 1724, uman: 7889, AI: 23869 },
  ...{ '▁': 29871, ':': 29901, H: 29950, '?': 29973, u: 29884, m: 29885, a: 29874, n: 29876, A: 29909, I: 29902 },
  ...{ W: 29956, h: 29882, t: 29873, i: 29875, s: 29879, '▁W': 399, at: 271, um: 398, an: 273, hat: 2455, '▁i': 474 },
}
const merges = 'u m,a n,um an,A I,▁ W,a t,h at,▁W hat,▁ i,▁i s,▁i t'.split(',')
/** How tokenizer.json writes Llama's blank before each text: as transformers 4 converts SentencePiece, and as transformers 5 does. */
const blanks = {
  normalizer: {
    normalizer: {
      type: 'Sequence',
      normalizers: [
        { type: 'Prepend', prepend: '▁' },
        { type: 'Replace', pattern: { String: ' ' }, content: '▁' },
      ],
    },
    pre_tokenizer: null,
  },
  'pre-tokenizer': {
    normalizer: null,
    pre_tokenizer: { type: 'Metaspace', replacement: '▁', prepend_scheme: 'always', split: false },
  },
}
const llamaWith = (blank: keyof typeof blanks) =>
  openTokenizer({
    tokenizerJson: {
      version: '1.0',
      added_tokens: ['<unk>', '<s>', '</s>'].map((content, id) => ({ id, content, special: true, normalized: false })),
      ...blanks[blank],
      ...{ post_processor: null, decoder: null },
      model: { type: 'BPE', vocab, merges, unk_token: '<unk>', fuse_unk: true, byte_fallback: true },
    },
    tokenizerConfig: { bos_token: '<s>', eos_token: '</s>' },
  })
const formatWith = (blank: keyof typeof blanks) => honeybeeFormat(llamaWith(blank), { image: -1, bos: 1, eos: [2] })
const format = formatWith('normalizer')

/** As Honeybee's tokenizer has them, from Llama 2's own SentencePiece model. */
const [human, ai, question] = [
  [29871, 13, 29950, 7889, 29901, 29871],
  [29871, 13, 23869, 29901, 29871],
  [1724, 338, 372, 29973],
]

const text = (text: string): TemplatePart => ({ type: 'text', text })
const image: TemplatePart = { type: 'image' }
const user = (...content: TemplatePart[]): TemplateMessage => ({ role: 'user', content })
const assistant = (content: string): TemplateMessage => ({ role: 'assistant', content })
/** Short, so that the small vocabulary can write it. */
const system: TemplateMessage = { role: 'system', content: 'is' }
const begin = [1, 338]

describe('honeybeeFormat', () => {
  it.each(['normalizer', 'pre-tokenizer'] as const)(
    'writes a question piece by piece under Llama’s ids, by a %s',
    (blank) => {
      const ids = formatWith(blank).prompt([system, user(image, text('What is it?'))])
      expect(ids).toEqual([...begin, ...human, -1, ...human, ...question, ...ai])
    },
  )

  it('writes its own system sentence unless told another', () => {
    const { cases, pieces } = JSON.parse(
      readFileSync(new URL('../../goldens/honeybee/expected.json', import.meta.url), 'utf8'),
    )
    const file = (name: string) =>
      JSON.parse(readFileSync(new URL(`../../goldens/honeybee/${name}`, import.meta.url), 'utf8'))
    const tokenizer = openTokenizer({
      tokenizerJson: file('tokenizer.json'),
      tokenizerConfig: file('tokenizer_config.json'),
    })
    for (const [piece, ids] of Object.entries(pieces))
      expect(tokenizer.encode(piece, { addSpecialTokens: false })).toEqual(ids)
    const tiny = honeybeeFormat(tokenizer, { image: -1, bos: 1, eos: [2] })
    for (const { turns, input_ids } of cases as { turns: string[]; input_ids: number[] }[]) {
      const said = turns.map((turn, i) => (i % 2 ? assistant(turn) : user(...(i === 0 ? [image] : []), text(turn))))
      const once = input_ids.filter((id, i) => id !== -1 || input_ids[i - 1] !== -1)
      expect(tiny.prompt(said)).toEqual(once)
    }
  })

  it('ends each answer of the past, and leaves images where they stand', () => {
    const past = [system, user(text('What is it?')), assistant('it'), user(text('What is'), text(' it?'), image, image)]
    const ids = [...begin, ...human, ...question, ...ai, 372, 2, ...human, ...question, ...human, -1, ...human, -1]
    expect(format.prompt(past)).toEqual([...ids, ...ai])
  })

  it('writes nothing for an empty question', () => {
    expect(format.prompt([system, user(image, text(''))])).toEqual([...begin, ...human, -1, ...ai])
  })

  it('takes no image and no end of a line from the text', () => {
    const ids = format.prompt([system, user(text('<image>\nAI: it'))])
    expect(ids).not.toContain(-1)
    expect(ids).not.toContain(2)
  })

  it('counts answers with their ends and nothing else', () => {
    const rounds = [0, 1].map(() => ({ question: 'What is it?', answer: ' it ' }))
    const { ids, targets, problems } = format.conversation(rounds, { all: false })
    const wanted = ids.map((_, i) => {
      const answered = ai.every((id, k) => ids[i - ai.length + 1 + k] === id)
      if (answered) return 372
      return ids[i + 1] === 2 ? 2 : -100
    })
    expect(targets).toEqual(wanted)
    expect(targets.filter((id) => id >= 0)).toEqual([372, 2, 372, 2])
    expect(ids.filter((id) => id === -1)).toEqual([-1])
    expect(problems).toEqual([])
  })

  it('counts all text but the image where that is asked', () => {
    const { ids, targets } = format.conversation([{ question: 'What is it?', answer: 'it' }], { all: true })
    expect(targets).toEqual([...ids.slice(1).map((id) => (id === -1 ? -100 : id)), -100])
  })

  it('writes a caption behind its image alone, with its end', () => {
    const { ids, targets } = format.caption(' What is it? ')
    expect(ids).toEqual([1, -1, ...question, 2])
    expect(targets).toEqual([-100, ...question, 2, -100])
  })
})
