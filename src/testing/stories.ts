/**
 * goldens/stories260k as files that the library loads. The checkpoint comes without a tokenizer, and the reference is of ids
 * alone: so it gets one whose tokens are called by their numbers, and a chat template that is the BOS token whatever is said.
 * `read` gives the bytes of one file of that folder.
 */
export async function storiesFiles(read: (name: string) => Promise<Uint8Array<ArrayBuffer>>): Promise<File[]> {
  const size = 512
  const special = (id: number, content: string) => ({
    ...{ id, content, special: true, normalized: false },
    ...{ single_word: false, lstrip: false, rstrip: false },
  })
  const names = Array.from({ length: size }, (_, id) => (id === 0 ? '<unk>' : id === 1 ? '<s>' : `<${id}>`))
  const tokenizer = {
    version: '1.0',
    added_tokens: [special(0, '<unk>'), special(1, '<s>')],
    normalizer: null,
    pre_tokenizer: { type: 'WhitespaceSplit' },
    post_processor: null,
    decoder: null,
    model: { type: 'WordLevel', vocab: Object.fromEntries(names.map((name, id) => [name, id])), unk_token: '<unk>' },
  }
  const tokenizerConfig = { bos_token: '<s>', unk_token: '<unk>', chat_template: '{{ bos_token }}' }
  const json = (value: unknown, name: string) => new File([JSON.stringify(value)], name)
  return [
    new File([await read('config.json')], 'config.json'),
    new File([await read('model.safetensors')], 'model.safetensors'),
    json(tokenizer, 'tokenizer.json'),
    json(tokenizerConfig, 'tokenizer_config.json'),
  ]
}
