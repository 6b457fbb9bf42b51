import { Tokenizer as HubTokenizer } from '@huggingface/tokenizers'
import { BeagleError } from '../errors.ts'
import { type TextStream, textStream } from './textStream.ts'

/** Text to token ids and back, as the checkpoint's `tokenizer.json` defines it. */
export interface Tokenizer {
  /** Entries of the vocabulary, added tokens included; ids are below the largest id + 1, which may be more. */
  readonly size: number
  /** The names in tokenizer_config or special_tokens_map, e.g. `bos_token` → `<s>`. */
  readonly specialTokens: Readonly<Record<string, string>>
  /** With `addSpecialTokens` (the default) BOS and the like are added as the post-processor says. */
  encode(text: string, options?: { addSpecialTokens?: boolean }): number[]
  decode(ids: readonly number[], options?: { skipSpecialTokens?: boolean }): string
  /** The id of one whole token, special or not. */
  idOf(token: string): number | undefined
  tokenOf(id: number): string | undefined
  /** A decoder fed one id at a time; special tokens are skipped unless asked for. */
  stream(options?: { skipSpecialTokens?: boolean }): TextStream
}

export interface TokenizerFiles {
  /** Parsed `tokenizer.json`. */
  tokenizerJson: unknown
  /** Parsed `tokenizer_config.json`. */
  tokenizerConfig?: unknown
  /** Parsed `special_tokens_map.json`; tokenizer_config wins over it. */
  specialTokensMap?: unknown
}

/** A special token is written as its text or as `{ content }`. */
function collectSpecialTokens(...sources: unknown[]): Record<string, string> {
  const found: Record<string, string> = {}
  for (const source of sources) {
    if (typeof source !== 'object' || source === null) continue
    for (const [name, value] of Object.entries(source)) {
      if (!name.endsWith('_token')) continue
      if (typeof value === 'string') found[name] = value
      else if (typeof value?.content === 'string') found[name] = value.content
    }
  }
  return found
}

/** Builds the tokenizer on `@huggingface/tokenizers`. Throws `bad-file` where tokenizer.json is not one that it reads. */
export function openTokenizer(files: TokenizerFiles): Tokenizer {
  const specialTokens = collectSpecialTokens(files.specialTokensMap, files.tokenizerConfig)
  let inner: HubTokenizer
  try {
    inner = new HubTokenizer(files.tokenizerJson as object, {
      clean_up_tokenization_spaces: false,
      ...(files.tokenizerConfig as object | undefined),
    })
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error)
    throw new BeagleError(
      'bad-file',
      `tokenizer.json cannot be used (${reason}). It must be the file that Hugging Face tokenizers writes.`,
      { cause: error },
    )
  }
  const decode: Tokenizer['decode'] = (ids, options) =>
    ids.length === 0 ? '' : inner.decode([...ids], { skip_special_tokens: options?.skipSpecialTokens ?? true })
  return {
    size: inner.get_vocab(true).size,
    specialTokens,
    encode: (text, options) => inner.encode(text, { add_special_tokens: options?.addSpecialTokens ?? true }).ids,
    decode,
    idOf: (token) => inner.token_to_id(token),
    tokenOf: (id) => inner.id_to_token(id),
    stream: (options) => textStream((ids) => decode(ids, options)),
  }
}
