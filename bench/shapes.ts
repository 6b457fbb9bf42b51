import { parseConfig } from '../src/checkpoint/config.ts'
import { llavaLayouts, toFileName } from '../src/checkpoint/renames.ts'
import { writeSafetensors } from '../src/checkpoint/writeSafetensors.ts'
import { lmmSpec } from '../src/models/lmm.ts'
import { specOf } from '../src/models/tree.ts'
import { seeded } from '../src/testing/hardNumbers.ts'
import { jsonFile, numberedTokenizer } from '../src/testing/numberedTokenizer.ts'

const imageSize = 128

/** The embedded model's shape: CLIP 6 × 192 on 128 px (64 visual tokens), Llama 6 × 256, vocabulary 2,048. */
export const pocketShape = {
  model_type: 'llava',
  image_token_index: 2,
  vision_feature_layer: -1,
  vision_feature_select_strategy: 'default',
  projector_hidden_act: 'gelu',
  tie_word_embeddings: true,
  text_config: {
    model_type: 'llama',
    hidden_size: 256,
    intermediate_size: 704,
    num_hidden_layers: 6,
    num_attention_heads: 4,
    num_key_value_heads: 2,
    vocab_size: 2048,
    max_position_embeddings: 2048,
    rms_norm_eps: 1e-5,
    tie_word_embeddings: true,
    eos_token_id: 3,
  },
  vision_config: {
    model_type: 'clip_vision_model',
    hidden_size: 192,
    intermediate_size: 768,
    num_hidden_layers: 6,
    num_attention_heads: 3,
    image_size: imageSize,
    patch_size: 16,
    hidden_act: 'gelu',
    projection_dim: 192,
  },
}

/** As wide as Qwen2-0.5B, with its vocabulary but 2 of its 24 layers, behind the same eyes. */
export const halfBillionShape = {
  ...pocketShape,
  text_config: {
    model_type: 'qwen2',
    hidden_size: 896,
    intermediate_size: 4864,
    num_hidden_layers: 2,
    num_attention_heads: 14,
    num_key_value_heads: 2,
    vocab_size: 151_936,
    max_position_embeddings: 2048,
    rms_norm_eps: 1e-6,
    rope_theta: 1_000_000,
    tie_word_embeddings: true,
    eos_token_id: 3,
  },
}

const preprocessor = {
  image_processor_type: 'CLIPImageProcessor',
  do_resize: true,
  do_center_crop: false,
  size: { height: imageSize, width: imageSize },
  resample: 3,
  do_normalize: true,
  image_mean: [0.5, 0.5, 0.5],
  image_std: [0.5, 0.5, 0.5],
}

const template =
  "{{ bos_token }} {% for m in messages %}{% for c in m.content if c.type == 'image' %}<image> {% endfor %}" +
  "{% for c in m.content if c.type == 'text' %}{{ c.text }} {% endfor %}{% endfor %}"

/**
 * A checkpoint of a shape with seeded random weights, which repeat after a million. Every word `<id>` of a question is one token, and
 * what it answers means nothing but never ends early.
 */
export function shapeFiles(config: typeof pocketShape | typeof halfBillionShape): File[] {
  const layout = llavaLayouts[0]!
  const random = seeded(7)
  const noise = Uint16Array.from({ length: 1 << 20 }, () => bfloat(random() - 0.5))
  const tensors: Parameters<typeof writeSafetensors>[0] = Object.fromEntries(
    Object.entries(specOf(lmmSpec(parseConfig(config)))).map(([name, { shape }]) => {
      const size = shape.reduce((product, length) => product * length, 1)
      const norm = shape.length === 1 && name.endsWith('weight')
      // Powers of two scale a bfloat by its exponent alone.
      const down = norm ? 0 : Math.round(Math.log2(Math.sqrt(shape.at(-1)!) / 2))
      const data = new Uint16Array(size)
      for (let at = 0; at < size; at += noise.length) data.set(noise.subarray(0, Math.min(noise.length, size - at)), at)
      for (let i = 0; i < size; i++) data[i] = norm ? bfloat(1) : data[i]! - (down << 7)
      return [toFileName(layout, name)!, { shape, data: new Uint8Array(data.buffer), dtype: 'BF16' }]
    }),
  )
  return [
    jsonFile('config.json', config),
    jsonFile('preprocessor_config.json', preprocessor),
    new File([writeSafetensors(tensors)], 'model.safetensors'),
    ...numberedTokenizer(2048, { 0: '<unk>', 1: '<s>', 2: '<image>', 3: '</s>' }, template),
  ]
}

/** The upper half of an f32. */
const bfloat = (value: number): number => new Uint32Array(Float32Array.of(value).buffer)[0]! >>> 16
