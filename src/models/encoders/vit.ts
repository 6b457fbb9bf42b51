import type { VisionConfig } from '../../checkpoint/configTypes.ts'
import type { ActivationKind } from '../../ops/activation.ts'
import { assembleTokens } from '../../ops/assembleTokens.ts'
import { attention } from '../../ops/attention.ts'
import { layerNorm } from '../../ops/layerNorm.ts'
import { linear } from '../../ops/linear.ts'
import { place } from '../../ops/place.ts'
import { unfold } from '../../ops/unfold.ts'
import type { Pass } from '../../tensor/pass.ts'
import { rowsOf, type Tensor, widthOf } from '../../tensor/tensor.ts'
import { type Loaded, matrix, table, unread, vector } from '../tree.ts'

const norm = (name: string, width: number) => ({
  gain: vector([`${name}.weight`, width]),
  bias: vector([`${name}.bias`, width]),
})

const dense = (name: string, cols: number, rows: number) => ({
  weight: matrix('encoder', cols, [`${name}.weight`, rows]),
  bias: vector([`${name}.bias`, rows]),
})

function blockSpec(at: string, { hidden: D, ffn }: VisionConfig) {
  const heads = ['q', 'k', 'v'].map((letter) => `${at}.self_attn.${letter}_proj`)
  return {
    norm1: norm(`${at}.layer_norm1`, D),
    qkv: {
      weight: matrix('encoder', D, ...heads.map((name): [string, number] => [`${name}.weight`, D])),
      bias: vector(...heads.map((name): [string, number] => [`${name}.bias`, D])),
    },
    out: dense(`${at}.self_attn.out_proj`, D, D),
    norm2: norm(`${at}.layer_norm2`, D),
    fc1: dense(`${at}.mlp.fc1`, D, ffn),
    fc2: dense(`${at}.mlp.fc2`, ffn, D),
  }
}

/**
 * The weights of a CLIP or SigLIP tower below `root` (canonical names), as far as feature layer `depth`; later blocks, the
 * last norm and SigLIP's pooling head may be in the file and are not read. CLIP has a class token and a norm before the first
 * block (`pre_layrnorm`, sic), SigLIP a bias on its patches.
 */
export function vitSpec(root: string, config: VisionConfig, depth: number) {
  const { hidden: D, patch, image, channels, layers, type } = config
  const patches = Math.floor(image / patch) ** 2
  const clip = type === 'clip'
  const kernel = [D, channels, patch, patch]
  const block = (i: number) => blockSpec(`${root}.encoder.layers.${i}`, config)
  return {
    patchEmbedding: {
      weight: matrix('exact', channels * patch * patch, [`${root}.embeddings.patch_embedding.weight`, D, kernel]),
      bias: clip ? undefined : vector([`${root}.embeddings.patch_embedding.bias`, D]),
    },
    classToken: clip ? vector([`${root}.embeddings.class_embedding`, D]) : undefined,
    positions: table(`${root}.embeddings.position_embedding.weight`, patches + (clip ? 1 : 0), D),
    preNorm: clip ? norm(`${root}.pre_layrnorm`, D) : undefined,
    blocks: Array.from({ length: depth }, (_, i) => block(i)),
    rest: unread([
      ...Array.from({ length: layers - depth }, (_, i) => block(depth + i)),
      norm(`${root}.post_layernorm`, D),
      ...(clip ? [] : [poolingHead(`${root}.head`, config)]),
    ]),
  }
}

function poolingHead(at: string, { hidden: D, ffn }: VisionConfig) {
  return {
    probe: { kind: 'unread', sources: [{ name: `${at}.probe`, shape: [1, 1, D] }] } as const,
    attention: matrix('encoder', D, [`${at}.attention.in_proj_weight`, 3 * D]),
    attentionBias: vector([`${at}.attention.in_proj_bias`, 3 * D]),
    out: dense(`${at}.attention.out_proj`, D, D),
    norm: norm(`${at}.layernorm`, D),
    fc1: dense(`${at}.mlp.fc1`, D, ffn),
    fc2: dense(`${at}.mlp.fc2`, ffn, D),
  }
}

export type VitWeights = Loaded<ReturnType<typeof vitSpec>>

/**
 * Patch features of one image: `pixels` [1,3,H,W] → [P, D · layers], the hidden states `featureLayers` side by side, or [layers · P, D], one
 * below the other, where they stay `apart` (0 is before the first block, i after block i, no norm after), without the class token where
 * `dropClass`. Radford et al. 2021,
 * arXiv:2103.00020; Zhai et al. 2023, arXiv:2303.15343; as in transformers' CLIPVisionModel and SiglipVisionModel.
 */
export function vit(
  pass: Pass,
  weights: VitWeights,
  pixels: Tensor,
  config: VisionConfig,
  { featureLayers, dropClass, apart }: { featureLayers: readonly number[]; dropClass: boolean; apart?: boolean },
): Tensor {
  const states: Tensor[] = []
  let x = pass.scope(() => embed(pass, weights, pixels, config))
  states[0] = x
  weights.blocks.forEach((block, i) => {
    const keepInput = featureLayers.includes(i)
    const input = x
    x = pass.scope(() => vitBlock(pass, block, input, config))
    states[i + 1] = x
    if (!keepInput) pass.drop(input)
  })
  const [only] = featureLayers
  if (featureLayers.length === 1 && !dropClass) return states[only!]!
  const skipped = dropClass ? 1 : 0
  const rows = rowsOf(x) - skipped
  const width = widthOf(x)
  const layers = featureLayers.length
  const features = pass.scratch(apart ? [rows * layers, width] : [rows, width * layers], x.type)
  featureLayers.forEach((layer, i) => {
    const to = apart ? { toRow: i * rows } : { toColumn: i * width }
    place(pass, { x: states[layer]!, into: features }, { fromRow: skipped, rows, ...to })
  })
  return features
}

function embed(pass: Pass, weights: VitWeights, pixels: Tensor, { patch, eps }: VisionConfig): Tensor {
  const patches = linear(pass, { x: unfold(pass, { pixels }, { patch }), ...weights.patchEmbedding })
  const tokens = assembleTokens(pass, { patches, classToken: weights.classToken, positions: weights.positions })
  return weights.preNorm ? layerNorm(pass, { x: tokens, ...weights.preNorm }, { eps }) : tokens
}

const activationOf = { quickGelu: 'quickGelu', geluErf: 'gelu', geluTanh: 'geluTanh' } as const satisfies Record<
  VisionConfig['act'],
  ActivationKind
>

function vitBlock(pass: Pass, block: VitWeights['blocks'][number], x: Tensor, config: VisionConfig): Tensor {
  const { eps, heads, hidden, act } = config
  const attended = pass.scope(() => {
    const qkv = linear(pass, { x: layerNorm(pass, { x, ...block.norm1 }, { eps }), ...block.qkv })
    const offsets = { q: 0, k: hidden, v: 2 * hidden }
    const options = { heads, kvHeads: heads, headWidth: hidden / heads, causal: false, offsets }
    const mixed = attention(pass, { q: qkv, k: qkv, v: qkv }, options)
    return linear(pass, { x: mixed, ...block.out, residual: x })
  })
  const inner = linear(
    pass,
    { x: layerNorm(pass, { x: attended, ...block.norm2 }, { eps }), ...block.fc1 },
    { activation: activationOf[act] },
  )
  return linear(pass, { x: inner, ...block.fc2, residual: attended })
}
