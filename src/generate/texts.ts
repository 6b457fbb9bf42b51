import type { ModelFiles } from '../checkpoint/byteSource.ts'
import type { ModelConfig } from '../checkpoint/configTypes.ts'
import { BeagleError } from '../errors.ts'
import { openChatTemplate } from '../text/chatTemplate.ts'
import { honeybeeFormat } from '../text/honeybeeFormat.ts'
import type { PromptFormat } from '../text/promptFormat.ts'
import { templateFormat } from '../text/templateFormat.ts'
import { openTokenizer, type Tokenizer } from '../text/tokenizer.ts'

/** Reads tokenizer.json and, where the model writes conversations by one, the chat template. Throws `not-found` without a tokenizer.json. */
export async function openTexts(
  files: ModelFiles,
  config: ModelConfig,
  signal?: AbortSignal,
): Promise<{ tokenizer: Tokenizer; format: PromptFormat }> {
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
  const { specialTokens } = tokenizer
  const { eos } = config
  if (config.kind === 'decoder') {
    const template = openChatTemplate({ jinja, json, tokenizerConfig, specialTokens })
    return { tokenizer, format: templateFormat({ tokenizer, template, eos }) }
  }
  const { imageTokenId, imageToken } = config
  if (config.format === 'honeybee') {
    const bos = config.bos ?? tokenizer.idOf(specialTokens.bos_token ?? '')
    return { tokenizer, format: honeybeeFormat(tokenizer, { image: imageTokenId, bos, eos }) }
  }
  const template = openChatTemplate({ jinja, json, tokenizerConfig, specialTokens, imageToken })
  return {
    tokenizer,
    format: templateFormat({ tokenizer, template, eos, image: { id: imageTokenId, token: imageToken } }),
  }
}
