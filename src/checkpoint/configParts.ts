import { BeagleError } from '../errors.ts'
import type { Fields } from './configFields.ts'
import type { GenerationDefaults, TextConfig, VisionActivation, VisionConfig } from './configTypes.ts'

/** transformers' names of the activations. */
const activations: Record<string, VisionActivation> = {
  quick_gelu: 'quickGelu',
  gelu: 'geluErf',
  gelu_pytorch_tanh: 'geluTanh',
  gelu_new: 'geluTanh',
}

/** The defaults of transformers' CLIPVisionConfig and SiglipVisionConfig. */
const visionDefaults = {
  clip_vision_model: { type: 'clip', patch: 32, eps: 1e-5, act: 'quick_gelu' },
  siglip_vision_model: { type: 'siglip', patch: 16, eps: 1e-6, act: 'gelu_pytorch_tanh' },
} as const

/** The defaults of transformers' LlamaConfig and Qwen2Config; llava-1.5's text_config leaves most of Llama's out. */
const textDefaults = {
  llama: { type: 'llama', ffn: 11008, vocab: 32000, maxPositions: 2048, bos: 1, eos: 2 },
  qwen2: { type: 'qwen2', ffn: 22016, vocab: 151936, maxPositions: 32768, bos: undefined, eos: undefined },
} as const

/** A `vision_config`. */
export function readVision(fields: Fields): VisionConfig {
  const { type, patch, eps, act } = fields.choice('model_type', visionDefaults, 'clip_vision_model')
  const vision = {
    type,
    hidden: fields.count('hidden_size') ?? 768,
    ffn: fields.count('intermediate_size') ?? 3072,
    layers: fields.count('num_hidden_layers') ?? 12,
    heads: fields.count('num_attention_heads') ?? 12,
    image: fields.count('image_size') ?? 224,
    patch: fields.count('patch_size') ?? patch,
    channels: fields.count('num_channels') ?? 3,
    eps: fields.number('layer_norm_eps') ?? eps,
    act: fields.choice('hidden_act', activations, act),
  }
  if (vision.hidden % vision.heads !== 0)
    fields.fail('num_attention_heads', `a divisor of hidden_size ${vision.hidden}`)
  if (vision.channels !== 3) fields.fail('num_channels', '3 (RGB)')
  return vision
}

/** transformers ≥ 5 writes rope_parameters, earlier releases rope_theta and rope_scaling. */
function readRopeTheta(fields: Fields): number {
  const parameters = fields.child('rope_parameters') ?? fields.child('rope_scaling')
  const kind = parameters?.text('rope_type') ?? parameters?.text('type') ?? 'default'
  if (kind !== 'default') {
    throw new BeagleError(
      'unknown-architecture',
      `config.json: rotary embedding of type "${kind}" is not supported; known is "default".`,
    )
  }
  return parameters?.number('rope_theta') ?? fields.number('rope_theta') ?? 10000
}

/** A `text_config`, or the config.json of a language model; `parent` has what stands around it. */
export function readText(fields: Fields, parent?: Fields): TextConfig {
  const { type, ffn, vocab, maxPositions } = fields.choice('model_type', textDefaults, 'llama')
  fields.choice('hidden_act', { silu: true }, 'silu')
  if (type === 'qwen2' && fields.flag('use_sliding_window'))
    fields.fail('use_sliding_window', 'false; sliding windows are not supported')
  const hidden = fields.count('hidden_size') ?? 4096
  const heads = fields.count('num_attention_heads') ?? 32
  const kvHeads = fields.count('num_key_value_heads') ?? heads
  if (heads % kvHeads !== 0) fields.fail('num_key_value_heads', `a divisor of num_attention_heads ${heads}`)
  const headDim = fields.count('head_dim') ?? hidden / heads
  if (!Number.isInteger(headDim) || headDim % 2 !== 0) {
    fields.fail(
      'num_attention_heads',
      `heads of an even width; hidden_size ${hidden} over ${heads} heads is ${headDim}`,
    )
  }
  const outputBias = type === 'llama' && (fields.flag('attention_bias') ?? false)
  return {
    type,
    hidden,
    ffn: fields.count('intermediate_size') ?? ffn,
    layers: fields.count('num_hidden_layers') ?? 32,
    heads,
    kvHeads,
    headDim,
    vocab: fields.count('vocab_size') ?? vocab,
    ropeTheta: readRopeTheta(fields),
    eps: fields.number('rms_norm_eps') ?? 1e-6,
    maxPositions: fields.count('max_position_embeddings') ?? maxPositions,
    tied: fields.flag('tie_word_embeddings') ?? parent?.flag('tie_word_embeddings') ?? false,
    attentionBias: type === 'qwen2' || outputBias,
    outputBias,
    mlpBias: type === 'llama' && (fields.flag('mlp_bias') ?? false),
  }
}

function readGeneration(fields: Fields | undefined): GenerationDefaults {
  return {
    doSample: fields?.flag('do_sample'),
    temperature: fields?.number('temperature'),
    topK: fields?.number('top_k'),
    topP: fields?.number('top_p'),
    minP: fields?.number('min_p'),
    repetitionPenalty: fields?.number('repetition_penalty'),
    maxNewTokens: fields?.count('max_new_tokens'),
  }
}

/** generation_config wins over config, config over text_config, and that over the family's defaults. */
export function readTokens(sources: (Fields | undefined)[], type: TextConfig['type']) {
  const first = <T>(read: (fields: Fields) => T | undefined): T | undefined => {
    for (const fields of sources) {
      const value = fields && read(fields)
      if (value !== undefined) return value
    }
    return undefined
  }
  const defaults = textDefaults[type]
  const eos = first((fields) => fields.integers('eos_token_id')) ?? (defaults.eos === undefined ? [] : [defaults.eos])
  return {
    eos,
    bos: first((fields) => fields.id('bos_token_id')) ?? defaults.bos,
    pad: first((fields) => fields.id('pad_token_id')),
    generation: readGeneration(sources[0]),
  }
}

/** Indices into the `layers + 1` hidden states; negative ones count from the end. */
export function readFeatureLayers(fields: Fields, name: string, layers: number, fallback: number): number[] {
  const given = fields.integers(name) ?? [fallback]
  return given.map((layer) => {
    const index = layer < 0 ? layers + 1 + layer : layer
    return index >= 0 && index <= layers ? index : fields.fail(name, `indices from ${-layers - 1} to ${layers}`)
  })
}

/** Patches on each side of the image. */
export const patchesPerSide = ({ image, patch }: VisionConfig): number => Math.floor(image / patch)
