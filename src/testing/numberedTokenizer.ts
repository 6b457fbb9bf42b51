/** tokenizer.json and tokenizer_config.json of a vocabulary whose tokens are called by their numbers, but for `special`. */
export function numberedTokenizer(size: number, special: Record<number, string>, chatTemplate: string): File[] {
  const names = Array.from({ length: size }, (_, id) => special[id] ?? `<${id}>`)
  const tokenizer = {
    version: '1.0',
    added_tokens: Object.entries(special).map(([id, content]) => ({
      ...{ id: Number(id), content, special: true, normalized: false },
      ...{ single_word: false, lstrip: false, rstrip: false },
    })),
    normalizer: null,
    pre_tokenizer: { type: 'WhitespaceSplit' },
    post_processor: null,
    decoder: null,
    model: { type: 'WordLevel', vocab: Object.fromEntries(names.map((name, id) => [name, id])), unk_token: names[0] },
  }
  const tokenizerConfig = { bos_token: names[1], unk_token: names[0], chat_template: chatTemplate }
  return [jsonFile('tokenizer.json', tokenizer), jsonFile('tokenizer_config.json', tokenizerConfig)]
}

export function jsonFile(name: string, value: unknown): File {
  return new File([JSON.stringify(value)], name)
}
