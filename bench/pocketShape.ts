import { parseConfig } from '../src/checkpoint/config.ts'
import { llavaLayouts, toFileName } from '../src/checkpoint/renames.ts'
import { writeSafetensors } from '../src/checkpoint/writeSafetensors.ts'
import { lmmSpec } from '../src/models/lmm.ts'
import { specOf } from '../src/models/tree.ts'
import { seeded } from '../src/testing/hardNumbers.ts'
import { jsonFile, numberedTokenizer } from '../src/testing/numberedTokenizer.ts'

const imageSize = 128
const vocabulary = 2048

const config = {
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
    vocab_size: vocabulary,
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
 * A checkpoint of the embedded model's shape with seeded random weights: CLIP 6 × 192 on 128 px (64 visual tokens), Llama 6 × 256,
 * vocabulary 2,048. Every word `<id>` of a question is one token, and what it answers means nothing but never ends early.
 */
export function pocketShapeFiles(): File[] {
  const random = seeded(7)
  const layout = llavaLayouts[0]!
  const tensors: Parameters<typeof writeSafetensors>[0] = Object.fromEntries(
    Object.entries(specOf(lmmSpec(parseConfig(config)))).map(([name, { shape }]) => {
      const size = shape.reduce((product, length) => product * length, 1)
      const spread = 2 / Math.sqrt(shape.at(-1)!)
      const offset = shape.length === 1 && name.endsWith('weight') ? 1 : 0
      return [
        toFileName(layout, name)!,
        { shape, data: Float32Array.from({ length: size }, () => offset + spread * (random() - 0.5)) },
      ]
    }),
  )
  return [
    jsonFile('config.json', config),
    jsonFile('preprocessor_config.json', preprocessor),
    new File([writeSafetensors(tensors)], 'model.safetensors'),
    ...numberedTokenizer(vocabulary, { 0: '<unk>', 1: '<s>', 2: '<image>', 3: '</s>' }, template),
  ]
}
