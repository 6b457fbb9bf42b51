export type VisionActivation = 'quickGelu' | 'geluErf' | 'geluTanh'

export interface VisionConfig {
  type: 'clip' | 'siglip'
  hidden: number
  ffn: number
  layers: number
  heads: number
  /** Side of the square input in pixels. */
  image: number
  patch: number
  channels: number
  eps: number
  act: VisionActivation
}

export interface TextConfig {
  type: 'llama' | 'qwen2'
  hidden: number
  ffn: number
  layers: number
  heads: number
  kvHeads: number
  headDim: number
  vocab: number
  ropeTheta: number
  eps: number
  maxPositions: number
  /** The output head is the embedding. */
  tied: boolean
  /** Bias on q, k and v: always for qwen2. */
  attentionBias: boolean
  /** Bias on the attention's output too (llama's `attention_bias`). */
  outputBias: boolean
  /** Bias on gate, up and down. */
  mlpBias: boolean
}

/** LLaVA's connectors: one linear layer, or two with a GELU between them. */
export interface LlavaProjectorConfig {
  type: 'linear' | 'mlp2x_gelu'
  act: 'geluErf' | 'geluTanh'
  bias: boolean
}

/** Honeybee's `mlp`: `depth` linear layers with an activation between them; depth 1 is its "linear". */
export interface MlpConfig {
  type: 'mlp'
  depth: number
  act: 'silu' | 'geluErf'
}

/** Honeybee's C-Abstractor, arXiv:2312.06742 section 3.2; names of its config.json in brackets. */
export interface CAbstractorConfig {
  type: 'c-abs'
  /** Visual tokens without the end tokens, a square number [num_query_tokens]. */
  tokens: number
  /** [hidden_size] */
  hidden: number
  /** Blocks before and blocks after the pooling [depth]. */
  depth: number
  /** Linear layers of the readout [mlp_depth]. */
  mlpDepth: number
  /** [pos_emb] */
  positions: boolean
  /** LayerNorm on the features [prenorm]. */
  preNorm: boolean
  /** Learned vectors behind the visual tokens [num_eos_tokens]. */
  endTokens: number
}

/** Honeybee's D-Abstractor; names of its config.json in brackets. */
export interface DAbstractorConfig {
  type: 'd-abs'
  /** A square number [num_query_tokens]. */
  tokens: number
  /** [d_model] */
  hidden: number
  /** [decoder_layers] */
  layers: number
  /** [decoder_attention_heads] */
  heads: number
  /** Sampled per head, level and query [decoder_n_points]. */
  points: number
  /** [decoder_ffn_dim] */
  ffn: number
  /** Hidden states of the encoder that are sampled, each a map of its own [num_feature_levels]. */
  levels: number
  /** [pos_emb] */
  positions: boolean
  /** Where the pooled features go: into the position part of the queries, the content part, or nowhere [pooled_v_target]. */
  pooled: 'query' | 'tgt' | 'none'
  /** The reference points are trained [learnable_mRP]. */
  learnedPoints: boolean
  /** Learned vectors before the output projection [num_eos_tokens]. */
  endTokens: number
}

/** Honeybee's (mPLUG-Owl's) resampler; names of its config.json in brackets. */
export interface ResamplerConfig {
  type: 'resampler'
  /** [num_query_tokens] */
  tokens: number
  /** [hidden_size] */
  hidden: number
  /** [num_hidden_layers] */
  layers: number
  /** [num_attention_heads] */
  heads: number
  /** [intermediate_size] */
  ffn: number
  /** Of the norm inside the gated MLP [layer_norm_eps]; the others have 1e-5. */
  eps: number
  /** [pos_emb] */
  positions: boolean
  /** [num_eos_tokens] */
  endTokens: number
}

/** InstructBLIP's Q-Former with its output layer, arXiv:2305.06500; names of its config.json in brackets. */
export interface QFormerConfig {
  type: 'q-former'
  /** [num_query_tokens] */
  tokens: number
  /** [hidden_size] */
  hidden: number
  /** [num_hidden_layers] */
  layers: number
  /** [num_attention_heads] */
  heads: number
  /** [intermediate_size] */
  ffn: number
  /** Words of its own embedding of the instruction [vocab_size]. */
  vocab: number
  /** Longest instruction in tokens [max_position_embeddings]. */
  maxPositions: number
  /** Every which layer looks at the image [cross_attention_frequency]. */
  crossEvery: number
  /** [layer_norm_eps] */
  eps: number
  /** A linear layer to the decoder's width behind it (`language_projection`). */
  output: boolean
}

export type ProjectorConfig =
  | LlavaProjectorConfig
  | MlpConfig
  | CAbstractorConfig
  | DAbstractorConfig
  | ResamplerConfig
  | QFormerConfig

/** LLaVA's connectors, Honeybee's (`mlp`, `c-abs`, `d-abs`, `resampler`), and InstructBLIP's. */
export type ProjectorType = ProjectorConfig['type']

/** What generation_config.json asks for; absent fields are left to the caller. */
export interface GenerationDefaults {
  doSample?: boolean
  temperature?: number
  topK?: number
  topP?: number
  minP?: number
  repetitionPenalty?: number
  maxNewTokens?: number
}

interface TokenConfig {
  /** Any of these ends the answer. */
  eos: number[]
  bos?: number
  pad?: number
  generation: GenerationDefaults
}

/** An encoder, a projector and a language model (LLaVA's or Honeybee's kind of checkpoint) with every default filled in. */
export interface LlavaConfig extends TokenConfig {
  kind: 'llava'
  /** How conversations are written and tensors are named: LLaVA's chat templates, or Honeybee's lines of Human and AI. */
  format: 'llava' | 'honeybee'
  architecture: string
  vision: VisionConfig
  text: TextConfig
  projector: ProjectorConfig
  /** Indices into the encoder's hidden states, 0 (after the embeddings) to `vision.layers`; features are concatenated, or levels. */
  featureLayers: number[]
  /** `default` drops the first token (CLS), `full` keeps all. */
  strategy: 'default' | 'full'
  /** Stands for a visual token among the ids; Honeybee's −1 is no word of its vocabulary. */
  imageTokenId: number
  /** How the vocabulary writes an image. */
  imageToken: string
  /** Features per image and level: patches, and CLS where it is kept. */
  positions: number
  /** Feature maps per image that stay apart, one per feature layer; 1 where the layers are concatenated. */
  levels: number
  /** What holds where there is no preprocessor_config.json, in its words. */
  preprocessor?: Readonly<Record<string, unknown>>
}

/** A language model without eyes (`LlamaForCausalLM`, `Qwen2ForCausalLM`). */
export interface DecoderConfig extends TokenConfig {
  kind: 'decoder'
  architecture: string
  text: TextConfig
}

export type ModelConfig = LlavaConfig | DecoderConfig
