import { describe, expect, it } from 'vitest'
import { bytesSource } from './byteSource.ts'
import { parseConfig } from './config.ts'
import type { LlavaConfig } from './configTypes.ts'
import { dropClassPosition } from './positions.ts'
import { detectLayout, honeybeeLayouts, toCanonical, toFileName } from './renames.ts'

/** What Honeybee 7B, C-Abstractor with 144 tokens, writes beside its weights, as far as it matters. */
const vision_config = {
  ...{ model_type: '', encoder_type: 'openai.clip', pretrained_vision_name_or_path: 'openai/clip-vit-large-patch14' },
  ...{ hidden_size: 1024, intermediate_size: 4096, num_hidden_layers: 24, num_attention_heads: 16, patch_size: 14 },
  ...{ image_size: 224, image_mean: [0.5, 0.4, 0.3], image_std: [0.2, 0.2, 0.1], hidden_act: 'quick_gelu' },
}
const text_config = {
  ...{
    model_type: 'llama',
    hidden_size: 4096,
    intermediate_size: 11008,
    num_hidden_layers: 32,
    num_attention_heads: 32,
  },
  ...{ vocab_size: 32000, max_position_embeddings: 4096, rms_norm_eps: 1e-5, bos_token_id: 1, eos_token_id: 2 },
}
const projector_config = {
  ...{ projector_type: 'c-abs', hidden_size: 1024, num_query_tokens: 144, depth: 3, mlp_depth: 2, pos_emb: true },
  ...{
    feature_layer_index: -1,
    num_eos_tokens: 0,
    encoder_hidden_size: 1024,
    output_hidden_size: 4096,
    model_type: '',
  },
}
const lm_config = { pretrained_lm_name_or_path: 'lmsys/vicuna-7b-v1.5', model_type: '' }
const whole = {
  architectures: ['HoneybeeForConditionalGeneration'],
  model_type: '',
  ...{ vision_config, projector_config, lm_config, text_config },
}
const read = (change: object = {}) => parseConfig({ ...whole, ...change }) as LlavaConfig

describe('readHoneybee', () => {
  it('reads what Honeybee saves', () => {
    expect(read()).toMatchObject({
      kind: 'llava',
      format: 'honeybee',
      architecture: 'HoneybeeForConditionalGeneration',
      vision: { type: 'clip', hidden: 1024, layers: 24, image: 224, patch: 14, act: 'quickGelu' },
      text: { type: 'llama', hidden: 4096, vocab: 32000, eps: 1e-5, tied: false },
      projector: { type: 'c-abs', tokens: 144, depth: 3, mlpDepth: 2, positions: true, endTokens: 0 },
      featureLayers: [24],
      imageTokenId: -1,
      positions: 256,
      levels: 1,
      eos: [2],
      bos: 1,
      preprocessor: {
        size: { height: 224, width: 224 },
        resample: 3,
        do_center_crop: false,
        image_mean: [0.5, 0.4, 0.3],
        image_std: [0.2, 0.2, 0.1],
      },
    })
  })

  it('reads what its first checkpoints have', () => {
    const { num_query_tokens, ...visual_projector_config } = projector_config
    const old = { model_type: 'mllm', architectures: undefined, projector_config: undefined }
    expect(read({ ...old, visual_projector_config, num_query_tokens })).toEqual(read())
  })

  it.each([
    { model_type: 'honeybee', architectures: undefined },
    { model_type: undefined, architectures: undefined },
    { model_type: undefined, architectures: ['SomethingElse'] },
  ])('knows its config by a model type or by its parts: %j', (named) => {
    expect(read(named)).toEqual(read())
  })

  it('fills in CLIP ViT-L/14 at 224 pixels', () => {
    const { vision, preprocessor } = read({ vision_config: undefined })
    expect(vision).toEqual(read().vision)
    expect(preprocessor).toMatchObject({ image_mean: [0.48145466, 0.4578275, 0.40821073] })
  })

  it('takes the language model from lm_config where that is whole', () => {
    expect(read({ text_config: undefined, lm_config: text_config })).toEqual(read())
  })

  it('takes one feature layer as the config says, from either end', () => {
    const layer = (feature_layer_index?: number) =>
      read({ projector_config: { ...projector_config, feature_layer_index } }).featureLayers
    expect([layer(-2), layer(0), layer()]).toEqual([[23], [0], [24]])
  })

  it('keeps the layers of a D-Abstractor apart', () => {
    const levels = { projector_type: 'd-abs', num_feature_levels: 2, pooled_v_target: 'none' }
    const config = read({ projector_config: { ...projector_config, ...levels, feature_layer_index: [-1, 12] } })
    expect(config).toMatchObject({ featureLayers: [24, 12], levels: 2, positions: 256, projector: { levels: 2 } })
  })

  it.each<[object, RegExp]>([
    [
      { projector_config: { ...projector_config, feature_layer_index: [-1, -2] } },
      /feature_layer_index is \[-1,-2\]; expected one/,
    ],
    [
      { projector_config: { ...projector_config, projector_type: 'd-abs', num_feature_levels: 2 } },
      /expected 2 of them/,
    ],
    [{ projector_config: { ...projector_config, feature_layer_index: 25 } }, /from -25 to 24/],
    [
      { projector_config: { ...projector_config, projector_type: 'x-abs' } },
      /"x-abs" is not supported; known are .*c-abs, d-abs/,
    ],
    [{ projector_config: undefined }, /projector_config is undefined; expected an object/],
    [{ text_config: undefined }, /text_config is undefined; expected the config.json of the language model/],
    [{ vision_config: { ...vision_config, encoder_type: 'eva' } }, /encoder_type is "eva"/],
  ])('says what it cannot use, case %#', (change, message) => {
    expect(() => read(change)).toThrow(message)
  })
})

describe('the layout of a Honeybee checkpoint', () => {
  const names = [
    ['vision_model.vision_model.encoder.layers.0.mlp.fc1.weight', 'vision_tower.encoder.layers.0.mlp.fc1.weight'],
    ['abstractor.net.0.b1.conv1.conv.weight', 'abstractor.net.0.b1.conv1.conv.weight'],
    ['language_model.model.layers.0.input_layernorm.weight', 'language_model.layers.0.input_layernorm.weight'],
    ['language_model.lm_head.weight', 'lm_head.weight'],
  ] as const

  it('has a canonical name for each name, and back', () => {
    const wanted = new Set<string>(names.map(([, canonical]) => canonical))
    const files = names.map(([file]) => file)
    const layout = detectLayout(files, wanted, honeybeeLayouts)
    expect(files.map((file) => toCanonical(layout, file))).toEqual([...wanted])
    expect([...wanted].map((canonical) => toFileName(layout, canonical))).toEqual(files)
  })

  it('may have the encoder as transformers 5 names it', () => {
    const files = ['vision_model.encoder.layers.0.mlp.fc1.weight']
    const layout = detectLayout(files, new Set(['vision_tower.encoder.layers.0.mlp.fc1.weight']), honeybeeLayouts)
    expect(toCanonical(layout, files[0]!)).toBe('vision_tower.encoder.layers.0.mlp.fc1.weight')
  })
})

describe('dropClassPosition', () => {
  const source = bytesSource('file', new Uint8Array(64))
  const ref = (name: string, rows: number) => ({
    name,
    dtype: 'F32' as const,
    shape: [1, rows, 2],
    source,
    begin: 8,
    end: 8 + 8 * rows,
  })

  it('leaves out the first row of positions with one for CLS', () => {
    for (const name of ['abstractor.pos_emb', 'model.abstractor.pos_emb'])
      expect(dropClassPosition(ref(name, 5), 4)).toEqual({ ...ref(name, 5), shape: [1, 4, 2], begin: 16 })
  })

  it.each([
    ['abstractor.pos_emb', 4],
    ['abstractor.pos_emb', 6],
    ['abstractor.v_pos_emb', 5],
    ['abstractor.eos_tokens', 5],
  ])('leaves %s of %i rows as it is', (name, rows) => {
    expect(dropClassPosition(ref(name, rows), 4)).toEqual(ref(name, rows))
  })
})
