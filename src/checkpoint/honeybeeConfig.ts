import { Fields } from './configFields.ts'
import { patchesPerSide, readFeatureLayers, readText, readTokens, readVision } from './configParts.ts'
import type { LlavaConfig } from './configTypes.ts'
import { readProjectorConfig } from './projectorConfig.ts'

export const honeybeeArchitecture = 'HoneybeeForConditionalGeneration'

/** Honeybee's tower where vision_config leaves something out: CLIP ViT-L/14 at 224 pixels, with CLIP's mean and deviation. */
const defaultTower = {
  hidden_size: 1024,
  intermediate_size: 4096,
  num_hidden_layers: 24,
  num_attention_heads: 16,
  image_size: 224,
  patch_size: 14,
  image_mean: [0.48145466, 0.4578275, 0.40821073],
  image_std: [0.26862954, 0.26130258, 0.27577711],
}

/** Honeybee has saved its config under several model types, of late under none. */
export function isHoneybee(fields: Fields): boolean {
  const [named] = [fields.raw('architectures')].flat()
  return (
    named === honeybeeArchitecture ||
    ['honeybee', 'mllm'].includes(String(fields.raw('model_type'))) ||
    (fields.raw('projector_config') ?? fields.raw('visual_projector_config')) !== undefined
  )
}

/**
 * A Honeybee checkpoint's config.json: `vision_config`, `projector_config` (`visual_projector_config` in older files, with
 * `num_query_tokens` beside it) and `text_config`. `lm_config` only names where the language model once came from, unless it is whole.
 */
export function readHoneybee(fields: Fields, generation?: Fields): LlavaConfig {
  const visionFields = (fields.child('vision_config') ?? Fields.of({}, 'config.json: vision_config')).over(defaultTower)
  if ((visionFields.text('encoder_type') ?? 'openai.clip') !== 'openai.clip')
    visionFields.fail('encoder_type', '"openai.clip", the encoder of all published checkpoints')
  const vision = readVision(visionFields.without('model_type'))
  const textFields = [fields.child('text_config'), fields.child('lm_config')].find((part) => part?.raw('hidden_size'))
  if (!textFields)
    fields.fail('text_config', 'the config.json of the language model, with its hidden_size and all other sizes')
  const text = readText(textFields, fields)
  const projectorFields = projectorFieldsOf(fields)
  const projector = readProjectorConfig(projectorFields)
  const featureLayers = readFeatureLayers(projectorFields, 'feature_layer_index', vision.layers, -1)
  const levels = projector.type === 'd-abs' ? projector.levels : 1
  if (featureLayers.length !== levels)
    projectorFields.fail(
      'feature_layer_index',
      levels > 1 ? `${levels} of them, one for each feature level` : 'one index',
    )
  const size = { height: vision.image, width: vision.image }
  const scale = { image_mean: visionFields.raw('image_mean'), image_std: visionFields.raw('image_std') }
  return {
    kind: 'llava',
    format: 'honeybee',
    architecture: honeybeeArchitecture,
    vision,
    text,
    projector,
    featureLayers,
    strategy: 'default',
    imageTokenId: -1,
    imageToken: '<image>',
    positions: patchesPerSide(vision) ** 2,
    levels,
    preprocessor: { size, resample: 3, do_center_crop: false, ...scale },
    ...readTokens([generation, textFields, fields], text.type),
  }
}

function projectorFieldsOf(fields: Fields): Fields {
  const found = fields.child('projector_config') ?? fields.child('visual_projector_config')
  if (!found) return fields.fail('projector_config', 'an object with projector_type, num_query_tokens and so on')
  return found.over({ num_query_tokens: fields.raw('num_query_tokens') })
}
