import type { ModelFiles } from '../checkpoint/byteSource.ts'
import type { ModelConfig } from '../checkpoint/configTypes.ts'
import { BeagleError } from '../errors.ts'
import { type ChatTemplate, openChatTemplate } from '../text/chatTemplate.ts'
import { openTokenizer, type Tokenizer } from '../text/tokenizer.ts'

/** Reads tokenizer.json and the chat template with what else configures them. Throws `not-found` without a tokenizer.json. */
export async function openTexts(
  files: ModelFiles,
  config: ModelConfig,
  signal?: AbortSignal,
): Promise<{ tokenizer: Tokenizer; template: ChatTemplate }> {
  const [tokenizerJson, tokenizerConfig, specialTokensMap, jinja, json] = await Promise.all([
    files.json('tokenizer.json', signal),
    files.json('tokenizer_config.json', signal),
    files.json('special_tokens_map.json', signal),
    files.text('chat_template.jinja', signal),
    files.json('chat_template.json', signal),
  ])
  if (tokenizerJson === undefined) {
    throw new BeagleError(
      'not-found',
      `${files.origin} has no tokenizer.json. Convert the tokenizer with transformers (save_pretrained) and put it beside config.json.`,
    )
  }
  const tokenizer = openTokenizer({ tokenizerJson, tokenizerConfig, specialTokensMap })
  const imageToken = config.kind === 'llava' ? config.imageToken : undefined
  const template = openChatTemplate({
    jinja,
    json,
    tokenizerConfig,
    specialTokens: tokenizer.specialTokens,
    imageToken,
  })
  return { tokenizer, template }
}
