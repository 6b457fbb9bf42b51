import { BeagleError } from '../errors.ts'
import type { ModelFiles } from './byteSource.ts'
import { Fields } from './configFields.ts'
import { patchesPerSide, readFeatureLayers, readText, readTokens, readVision } from './configParts.ts'
import type { DecoderConfig, LlavaConfig, ModelConfig } from './configTypes.ts'
import { honeybeeArchitecture, isHoneybee, readHoneybee } from './honeybeeConfig.ts'
import { readLlavaProjector } from './projectorConfig.ts'

/** The tower that a LlavaConfig without vision_config has: CLIP ViT-L/14 at 336 pixels. */
const defaultTower = {
  hidden_size: 1024,
  intermediate_size: 4096,
  num_hidden_layers: 24,
  num_attention_heads: 16,
  image_size: 336,
  patch_size: 14,
}

function readLlava(fields: Fields, architecture: string, generation?: Fields, processor?: Fields): LlavaConfig {
  const vision = readVision(fields.child('vision_config') ?? Fields.of(defaultTower, 'config.json: vision_config'))
  const textFields = fields.child('text_config') ?? Fields.of({}, 'config.json: text_config')
  const text = readText(textFields, fields)
  const strategies = { default: 'default', full: 'full' } as const
  const strategy = fields.choice('vision_feature_select_strategy', strategies, 'default')
  const positions = patchesPerSide(vision) ** 2 + (vision.type === 'clip' ? 1 : 0)
  return {
    kind: 'llava',
    format: 'llava',
    architecture,
    vision,
    text,
    projector: readLlavaProjector(fields),
    featureLayers: readFeatureLayers(fields, 'vision_feature_layer', vision.layers, -2),
    strategy,
    imageTokenId: fields.id('image_token_index') ?? fields.id('image_token_id') ?? 32000,
    imageToken: processor?.text('image_token') ?? '<image>',
    positions: positions - (strategy === 'default' ? 1 : 0),
    levels: 1,
    ...readTokens([generation, fields, textFields], text.type),
  }
}

function readDecoder(fields: Fields, architecture: string, generation?: Fields): DecoderConfig {
  const text = readText(fields)
  return { kind: 'decoder', architecture, text, ...readTokens([generation, fields], text.type) }
}

const architectures: Record<
  string,
  (fields: Fields, architecture: string, generation?: Fields, processor?: Fields) => ModelConfig
> = {
  LlavaForConditionalGeneration: readLlava,
  LlamaForCausalLM: readDecoder,
  Qwen2ForCausalLM: readDecoder,
}

const architectureOfModelType: Record<string, string> = {
  llava: 'LlavaForConditionalGeneration',
  llama: 'LlamaForCausalLM',
  qwen2: 'Qwen2ForCausalLM',
}

/** config.json, with generation_config.json and processor_config.json, each already parsed, as one complete description. */
export function parseConfig(config: unknown, generationConfig?: unknown, processorConfig?: unknown): ModelConfig {
  const fields = Fields.of(config, 'config.json')
  const optional = (value: unknown, path: string) => (value === undefined ? undefined : Fields.of(value, path))
  const generation = optional(generationConfig, 'generation_config.json')
  if (isHoneybee(fields)) return readHoneybee(fields, generation)
  const named = fields.raw('architectures')
  const modelType = fields.text('model_type') ?? ''
  const architecture =
    Array.isArray(named) && named.length > 0 ? String(named[0]) : (architectureOfModelType[modelType] ?? modelType)
  if (!Object.hasOwn(architectures, architecture)) {
    throw new BeagleError(
      'unknown-architecture',
      `config.json: the architecture "${architecture || '(none)'}" is not known; known are ${[...Object.keys(architectures), honeybeeArchitecture].join(', ')}.`,
    )
  }
  return architectures[architecture]!(
    fields,
    architecture,
    generation,
    optional(processorConfig, 'processor_config.json'),
  )
}

/** Reads the configs of a model. Throws `not-found` without config.json and `unknown-architecture` with all that are known. */
export async function readConfig(files: ModelFiles, signal?: AbortSignal): Promise<ModelConfig> {
  const config = await files.json('config.json', signal)
  if (config === undefined) {
    throw new BeagleError(
      'not-found',
      `${files.origin} has no config.json. Give the place that holds config.json and model.safetensors.`,
    )
  }
  const generation = await files.json('generation_config.json', signal)
  return parseConfig(config, generation, await files.json('processor_config.json', signal))
}

/** preprocessor_config.json, or its content inside processor_config.json where transformers ≥ 5 writes it. */
export async function readPreprocessorConfig<T = Record<string, unknown>>(
  files: ModelFiles,
  signal?: AbortSignal,
): Promise<T | undefined> {
  const own = await files.json<T>('preprocessor_config.json', signal)
  if (own) return own
  const processor = await files.json<{ image_processor?: T }>('processor_config.json', signal)
  return processor?.image_processor
}
