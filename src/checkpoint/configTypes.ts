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

export interface ProjectorConfig {
  type: 'linear' | 'mlp2x_gelu'
  act: 'geluErf' | 'geluTanh'
  bias: boolean
}

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

/** `LlavaForConditionalGeneration` with every default filled in. */
export interface LlavaConfig extends TokenConfig {
  kind: 'llava'
  architecture: string
  vision: VisionConfig
  text: TextConfig
  projector: ProjectorConfig
  /** Indices into the encoder's hidden states, 0 (after the embeddings) to `vision.layers`; features are concatenated. */
  featureLayers: number[]
  /** `default` drops the first token (CLS), `full` keeps all. */
  strategy: 'default' | 'full'
  imageTokenId: number
  /** How the vocabulary writes an image. */
  imageToken: string
  /** Visual tokens per image: patches, and CLS where it is kept. */
  visualTokens: number
}

/** A language model without eyes (`LlamaForCausalLM`, `Qwen2ForCausalLM`). */
export interface DecoderConfig extends TokenConfig {
  kind: 'decoder'
  architecture: string
  text: TextConfig
}

export type ModelConfig = LlavaConfig | DecoderConfig
