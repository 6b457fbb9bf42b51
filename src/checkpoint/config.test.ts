import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'
import { bytesSource, modelFiles } from './byteSource.ts'
import { parseConfig, readConfig, readPreprocessorConfig } from './config.ts'
import type { LlavaConfig } from './configTypes.ts'
import { fsFiles } from './fs.node.ts'

const golden = (folder: string) => fsFiles(fileURLToPath(new URL(`../../goldens/${folder}`, import.meta.url)))

const llava = (fields: object, ...rest: unknown[]) =>
  parseConfig({ architectures: ['LlavaForConditionalGeneration'], ...fields }, ...rest) as LlavaConfig

/** llava-hf/llava-1.5-7b-hf's own config.json, which leaves most of Llama's sizes out. */
const llava15 = {
  architectures: ['LlavaForConditionalGeneration'],
  ignore_index: -100,
  image_token_index: 32000,
  model_type: 'llava',
  pad_token_id: 32001,
  projector_hidden_act: 'gelu',
  text_config: {
    architectures: ['LlamaForCausalLM'],
    max_position_embeddings: 4096,
    model_type: 'llama',
    rms_norm_eps: 1e-5,
    torch_dtype: 'float16',
    vocab_size: 32064,
  },
  tie_word_embeddings: false,
  vision_config: {
    hidden_size: 1024,
    image_size: 336,
    intermediate_size: 4096,
    model_type: 'clip_vision_model',
    num_attention_heads: 16,
    num_hidden_layers: 24,
    patch_size: 14,
    projection_dim: 768,
    vocab_size: 32000,
  },
  vision_feature_layer: -2,
  vision_feature_select_strategy: 'default',
}

describe('readConfig', () => {
  it('reads the CLIP and Llama golden', async () => {
    expect(await readConfig(await golden('llava-clip-llama'))).toEqual({
      kind: 'llava',
      format: 'llava',
      architecture: 'LlavaForConditionalGeneration',
      vision: {
        type: 'clip',
        hidden: 48,
        ffn: 96,
        layers: 3,
        heads: 3,
        image: 56,
        patch: 14,
        channels: 3,
        eps: 1e-5,
        act: 'quickGelu',
      },
      text: {
        type: 'llama',
        hidden: 64,
        ffn: 172,
        layers: 3,
        heads: 4,
        kvHeads: 2,
        headDim: 16,
        vocab: 384,
        ropeTheta: 10000,
        eps: 1e-5,
        maxPositions: 512,
        tied: false,
        attentionBias: false,
        outputBias: false,
        mlpBias: false,
      },
      projector: { type: 'mlp2x_gelu', act: 'geluErf', bias: true },
      featureLayers: [2],
      strategy: 'default',
      imageTokenId: 3,
      imageToken: '<image>',
      positions: 16,
      levels: 1,
      eos: [1],
      bos: 0,
      pad: 2,
      generation: {},
    })
  })

  it('reads the SigLIP and Qwen2 golden', async () => {
    const config = await readConfig(await golden('llava-siglip-qwen2'))
    expect(config).toMatchObject({
      vision: { type: 'siglip', ffn: 100, patch: 12, eps: 1e-6, act: 'geluTanh' },
      text: {
        type: 'qwen2',
        heads: 7,
        kvHeads: 1,
        headDim: 8,
        ropeTheta: 1e6,
        tied: true,
        attentionBias: true,
        outputBias: false,
      },
      featureLayers: [3],
      strategy: 'full',
      positions: 16,
      levels: 1,
    })
  })

  it('reads a language model alone', async () => {
    const config = await readConfig(await golden('stories260k'))
    expect(config).toMatchObject({
      kind: 'decoder',
      text: { type: 'llama', layers: 5, kvHeads: 4, headDim: 8, tied: true },
      eos: [1],
      bos: 1,
    })
  })

  it('needs config.json', async () => {
    await expect(readConfig(modelFiles('nowhere', async () => undefined))).rejects.toThrow(/nowhere has no config.json/)
  })

  it('finds the preprocessor where either release of transformers puts it', async () => {
    expect(await readPreprocessorConfig(await golden('llava-clip-llama'))).toMatchObject({
      image_processor_type: 'CLIPImageProcessor',
    })
    const nested = new TextEncoder().encode('{"image_processor":{"resample":2}}')
    const files = modelFiles('m', async (path) =>
      path === 'processor_config.json' ? bytesSource(path, nested) : undefined,
    )
    expect(await readPreprocessorConfig(files)).toEqual({ resample: 2 })
  })
})

describe('parseConfig', () => {
  it('fills in what llava-1.5 leaves out', () => {
    expect(parseConfig(llava15)).toMatchObject({
      vision: { eps: 1e-5, act: 'quickGelu' },
      text: {
        hidden: 4096,
        ffn: 11008,
        layers: 32,
        heads: 32,
        kvHeads: 32,
        headDim: 128,
        vocab: 32064,
        ropeTheta: 10000,
        eps: 1e-5,
        tied: false,
      },
      featureLayers: [23],
      imageTokenId: 32000,
      positions: 576,
      levels: 1,
      eos: [2],
      bos: 1,
      pad: 32001,
    })
  })

  it('takes the tower of llava-1.5 and Llama where nothing is said', () => {
    expect(llava({})).toMatchObject({
      vision: { hidden: 1024, image: 336, patch: 14 },
      text: { type: 'llama', vocab: 32000 },
      imageTokenId: 32000,
    })
  })

  it('reads the names of transformers 5', () => {
    const config = llava({
      image_token_id: 7,
      text_config: { rope_parameters: { rope_theta: 5000, rope_type: 'default' } },
    })
    expect([config.imageTokenId, config.text.ropeTheta]).toEqual([7, 5000])
  })

  it('reads several feature layers, linear projectors and the full strategy', () => {
    const config = llava({
      vision_feature_layer: [-2, 5, -25],
      vision_feature_select_strategy: 'full',
      projector_type: 'linear',
      multimodal_projector_bias: false,
    })
    expect([config.featureLayers, config.positions, config.projector]).toEqual([
      [23, 5, 0],
      577,
      { type: 'linear', act: 'geluErf', bias: false },
    ])
  })

  it('lets generation_config win and takes lists of end tokens', () => {
    const generation = {
      eos_token_id: [5, 6],
      do_sample: true,
      temperature: 0.2,
      top_k: 40,
      top_p: 0.7,
      repetition_penalty: 1.1,
      max_new_tokens: 99,
    }
    const config = llava({ eos_token_id: 9, bos_token_id: 8 }, generation, { image_token: '<img>' })
    expect(config).toMatchObject({ eos: [5, 6], bos: 8, imageToken: '<img>' })
    expect(config.generation).toEqual({
      doSample: true,
      temperature: 0.2,
      topK: 40,
      topP: 0.7,
      minP: undefined,
      repetitionPenalty: 1.1,
      maxNewTokens: 99,
    })
  })

  it('ties by text_config first', () => {
    expect(llava({ tie_word_embeddings: false, text_config: { tie_word_embeddings: true } }).text.tied).toBe(true)
    expect(llava({ tie_word_embeddings: true, text_config: {} }).text.tied).toBe(true)
  })

  it.each([
    [
      { architectures: ['IdeficsForVision'] },
      /"IdeficsForVision" is not known; known are LlavaForConditionalGeneration, LlamaForCausalLM, Qwen2ForCausalLM/,
    ],
    [{}, /"\(none\)" is not known/],
    [
      { model_type: 'llava', text_config: { model_type: 'mistral' } },
      /text_config: model_type "mistral" is not supported; known are llama, qwen2/,
    ],
    [
      { model_type: 'llava', vision_config: { model_type: 'dinov2' } },
      /vision_config: model_type "dinov2" .* known are clip_vision_model, siglip_vision_model/,
    ],
    [{ model_type: 'llava', vision_config: { hidden_act: 'relu' } }, /hidden_act "relu" .* known are quick_gelu/],
    [
      { model_type: 'llava', vision_feature_layer: -26 },
      /vision_feature_layer is -26; expected indices from -25 to 24/,
    ],
    [{ model_type: 'llava', vision_feature_select_strategy: 'cls' }, /"cls" is not supported; known are default, full/],
    [{ model_type: 'llama', hidden_size: -3 }, /config.json: hidden_size is -3; expected a whole number above 0/],
    [
      { model_type: 'llama', num_attention_heads: 6, num_key_value_heads: 4 },
      /num_key_value_heads is 4; expected a divisor of num_attention_heads 6/,
    ],
    [{ model_type: 'llama', hidden_size: 100, num_attention_heads: 3 }, /heads of an even width/],
    [
      { model_type: 'llama', rope_scaling: { rope_type: 'yarn', factor: 4 } },
      /rotary embedding of type "yarn" is not supported/,
    ],
    [{ model_type: 'qwen2', use_sliding_window: true }, /sliding windows are not supported/],
    [{ model_type: 'llama', eos_token_id: '2' }, /eos_token_id is "2"/],
    [[], /config.json is no JSON object/],
  ])('explains %j', (config, message) => {
    expect(() => parseConfig(config)).toThrow(message)
  })
})
