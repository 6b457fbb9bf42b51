import { numberedTokenizer } from './numberedTokenizer.ts'

/**
 * goldens/stories260k as files that the library loads. The checkpoint comes without a tokenizer, and the reference is of ids
 * alone: so its chat template is the BOS token, whatever is said. `read` gives the bytes of one file of that folder.
 */
export async function storiesFiles(read: (name: string) => Promise<Uint8Array<ArrayBuffer>>): Promise<File[]> {
  const names = ['config.json', 'model.safetensors']
  const files = names.map(async (name) => new File([await read(name)], name))
  return [...(await Promise.all(files)), ...numberedTokenizer(512, { 0: '<unk>', 1: '<s>' }, '{{ bos_token }}')]
}
