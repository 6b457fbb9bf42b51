import type { Fields } from './configFields.ts'
import type { LlavaProjectorConfig, ProjectorConfig, ProjectorType } from './configTypes.ts'

/** The activations of LLaVA's connectors by their names in a config. */
export const projectorActivations = { gelu: 'geluErf', gelu_pytorch_tanh: 'geluTanh', gelu_new: 'geluTanh' } as const

const llavaTypes = { linear: 'linear', mlp2x_gelu: 'mlp2x_gelu' } as const

/** The connector of a llava config.json. */
export function readLlavaProjector(fields: Fields): LlavaProjectorConfig {
  const field = fields.raw('mm_projector_type') === undefined ? 'projector_type' : 'mm_projector_type'
  return {
    type: fields.choice(field, llavaTypes, 'mlp2x_gelu'),
    act: fields.choice('projector_hidden_act', projectorActivations, 'gelu'),
    bias: fields.flag('multimodal_projector_bias') ?? true,
  }
}

/** Types whose files carry a `projector_config`. */
type OfficialType = Exclude<ProjectorType, LlavaProjectorConfig['type']>
type OfficialConfig = Exclude<ProjectorConfig, LlavaProjectorConfig>

const pooled = { query: 'query', tgt: 'tgt', none: 'none' } as const

/** A count that may be 0. */
const countOrNone = (fields: Fields, name: string): number => (fields.raw(name) === 0 ? 0 : (fields.count(name) ?? 0))

const readers: { [T in OfficialType]: (fields: Fields) => Extract<OfficialConfig, { type: T }> } = {
  mlp: (fields) => ({
    type: 'mlp',
    depth: fields.count('depth') ?? 2,
    act: fields.choice('hidden_act', { silu: 'silu', gelu: 'geluErf' } as const, 'silu'),
  }),
  'c-abs': (fields) => ({
    type: 'c-abs',
    tokens: fields.count('num_query_tokens') ?? 144,
    hidden: fields.count('hidden_size') ?? 1024,
    depth: fields.raw('depth') === undefined ? 3 : countOrNone(fields, 'depth'),
    mlpDepth: fields.count('mlp_depth') ?? 2,
    positions: fields.flag('pos_emb') ?? true,
    preNorm: fields.flag('prenorm') ?? false,
    endTokens: countOrNone(fields, 'num_eos_tokens'),
  }),
  'd-abs': (fields) => {
    if (fields.flag('manual_init_refPoints') === false)
      fields.fail('manual_init_refPoints', 'true; reference points without a place of their own are not supported')
    return {
      type: 'd-abs',
      tokens: fields.count('num_query_tokens') ?? fields.count('num_queries') ?? 144,
      hidden: fields.count('d_model') ?? fields.count('hidden_size') ?? 1024,
      layers: fields.count('decoder_layers') ?? 6,
      heads: fields.count('decoder_attention_heads') ?? 8,
      points: fields.count('decoder_n_points') ?? 4,
      ffn: fields.count('decoder_ffn_dim') ?? 1024,
      levels: fields.count('num_feature_levels') ?? 1,
      positions: fields.flag('pos_emb') ?? true,
      pooled: fields.choice('pooled_v_target', pooled, 'query'),
      learnedPoints: fields.flag('learnable_mRP') ?? true,
      endTokens: countOrNone(fields, 'num_eos_tokens'),
    }
  },
  resampler: (fields) => ({
    type: 'resampler',
    tokens: fields.count('num_query_tokens') ?? 64,
    hidden: fields.count('hidden_size') ?? 1024,
    layers: fields.count('num_hidden_layers') ?? 6,
    heads: fields.count('num_attention_heads') ?? 16,
    ffn: fields.count('intermediate_size') ?? 4096,
    eps: fields.number('layer_norm_eps') ?? 1e-6,
    positions: fields.flag('pos_emb') ?? false,
    endTokens: countOrNone(fields, 'num_eos_tokens'),
  }),
  'q-former': (fields) => ({
    type: 'q-former',
    tokens: fields.count('num_query_tokens') ?? 32,
    hidden: fields.count('hidden_size') ?? 768,
    layers: fields.count('num_hidden_layers') ?? 12,
    heads: fields.count('num_attention_heads') ?? 12,
    ffn: fields.count('intermediate_size') ?? 3072,
    vocab: fields.count('vocab_size') ?? 30522,
    maxPositions: fields.count('max_position_embeddings') ?? 512,
    crossEvery: fields.count('cross_attention_frequency') ?? 2,
    eps: fields.number('layer_norm_eps') ?? 1e-12,
    output: fields.flag('language_projection') ?? fields.raw('output_hidden_size') !== undefined,
  }),
}

/** The `projector_config` of a Honeybee checkpoint or of a projector's own file, every default filled in. */
export function readProjectorConfig(fields: Fields): OfficialConfig {
  return fields.choice('projector_type', readers, 'c-abs')(fields)
}

const writers: { [T in OfficialType]: (config: Extract<OfficialConfig, { type: T }>) => Record<string, unknown> } = {
  mlp: ({ depth, act }) => ({ depth, hidden_act: act === 'silu' ? 'silu' : 'gelu' }),
  'c-abs': ({ tokens, hidden, depth, mlpDepth, positions, preNorm, endTokens }) => ({
    num_query_tokens: tokens,
    hidden_size: hidden,
    depth,
    mlp_depth: mlpDepth,
    pos_emb: positions,
    prenorm: preNorm,
    num_eos_tokens: endTokens,
  }),
  'd-abs': (config) => ({
    num_query_tokens: config.tokens,
    d_model: config.hidden,
    decoder_layers: config.layers,
    decoder_attention_heads: config.heads,
    decoder_n_points: config.points,
    decoder_ffn_dim: config.ffn,
    num_feature_levels: config.levels,
    pos_emb: config.positions,
    manual_init_refPoints: true,
    learnable_mRP: config.learnedPoints,
    pooled_v_target: config.pooled,
    num_eos_tokens: config.endTokens,
  }),
  resampler: ({ tokens, hidden, layers, heads, ffn, eps, positions, endTokens }) => ({
    num_query_tokens: tokens,
    hidden_size: hidden,
    num_hidden_layers: layers,
    num_attention_heads: heads,
    intermediate_size: ffn,
    layer_norm_eps: eps,
    pos_emb: positions,
    num_eos_tokens: endTokens,
  }),
  'q-former': (config) => ({
    num_query_tokens: config.tokens,
    hidden_size: config.hidden,
    num_hidden_layers: config.layers,
    num_attention_heads: config.heads,
    intermediate_size: config.ffn,
    vocab_size: config.vocab,
    max_position_embeddings: config.maxPositions,
    cross_attention_frequency: config.crossEvery,
    layer_norm_eps: config.eps,
    language_projection: config.output,
  }),
}

/** A `projector_config` under the official names; the inverse of `readProjectorConfig`. */
export function projectorConfigJson(config: OfficialConfig): Record<string, unknown> {
  const write = writers[config.type] as (config: OfficialConfig) => Record<string, unknown>
  return { projector_type: config.type, ...write(config) }
}

export const isLlavaProjector = (config: ProjectorConfig): config is LlavaProjectorConfig =>
  Object.hasOwn(llavaTypes, config.type)
