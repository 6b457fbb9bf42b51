import type { ResamplerConfig } from '../../checkpoint/configTypes.ts'
import { attention } from '../../ops/attention.ts'
import { gatedActivation } from '../../ops/gatedActivation.ts'
import { joinRows } from '../../ops/joinRows.ts'
import { layerNorm } from '../../ops/layerNorm.ts'
import { linear } from '../../ops/linear.ts'
import { addRepeated, appendRepeated, repeatRows } from '../../ops/repeat.ts'
import type { Pass } from '../../tensor/pass.ts'
import type { Tensor } from '../../tensor/tensor.ts'
import type { Loaded } from '../tree.ts'
import type { Ends } from './ends.ts'
import { dense, norm, shared } from './leaves.ts'
import { unwatched, type Watch } from './watch.ts'

/** Of all norms but the one inside the MLP. */
const normEps = 1e-5

function layerSpec(at: string, { hidden: D, ffn }: ResamplerConfig) {
  const { attention, output } = { attention: `${at}.attention`, output: `${at}.output` }
  return {
    queryNorm: norm(`${at}.norm1`, D),
    keyNorm: norm(`${at}.normk`, D),
    query: dense(D, [`${attention}.query`, D]),
    keyValue: dense(D, [`${attention}.key`, D], [`${attention}.value`, D]),
    out: dense(D, [`${output}.out_proj`, D]),
    norm: norm(`${output}.norm2`, D),
    gateUp: dense(D, [`${output}.mlp.w1`, ffn], [`${output}.mlp.w3`, ffn]),
    innerNorm: norm(`${output}.mlp.ffn_ln`, ffn),
    down: dense(ffn, [`${output}.mlp.w2`, D]),
  }
}

/** The weights of a resampler below `root` (`abstractor`). */
export function resamplerSpec(root: string, { positions, levels, features, width }: Ends, config: ResamplerConfig) {
  const { tokens, hidden: D, layers, endTokens } = config
  return {
    positions: config.positions ? shared(`${root}.pos_emb`, positions * levels, features) : undefined,
    queries: shared(`${root}.query_tokens`, tokens, D),
    input: dense(features, [`${root}.visual_input_fc`, D]),
    layers: Array.from({ length: layers }, (_, i) => layerSpec(`${root}.encoder.layers.${i}.crossattention`, config)),
    output: dense(D, [`${root}.visual_output_fc`, width]),
    ends: endTokens > 0 ? shared(`${root}.vit_eos`, endTokens, width) : undefined,
  }
}

export type ResamplerWeights = Loaded<ReturnType<typeof resamplerSpec>>

export interface ResamplerShape {
  images: number
  config: ResamplerConfig
  watch?: Watch
}

/**
 * Features of images [B·N, Dv] → visual tokens [B·(M+e), D]: learned queries that look, layer by layer, at the features and at each
 * other. Honeybee's and mPLUG-Owl's (Ye et al. 2023, arXiv:2304.14178), after Alayrac et al. 2022, arXiv:2204.14198.
 */
export function resampler(pass: Pass, weights: ResamplerWeights, features: Tensor, shape: ResamplerShape): Tensor {
  const { images } = shape
  const { positions, input, output, ends } = weights
  const seen = pass.scope(() => {
    const x = positions ? addRepeated(pass, { x: features, y: positions }) : features
    return linear(pass, { x, ...input })
  })
  let h = repeatRows(pass, { x: weights.queries }, { times: images })
  weights.layers.forEach((layer, i) => {
    const before = h
    h = unwatched(pass, shape.watch, () => resamplerLayer(pass, layer, { h: before, seen }, shape, i))
    pass.drop(before)
  })
  const y = linear(pass, { x: h, ...output })
  return ends ? appendRepeated(pass, { x: y, y: ends }, { images }) : y
}

/** The residual path begins at the normed queries. */
function resamplerLayer(
  pass: Pass,
  layer: ResamplerWeights['layers'][number],
  { h, seen }: { h: Tensor; seen: Tensor },
  { images, config, watch }: ResamplerShape,
  i: number,
): Tensor {
  const { hidden: D, heads, tokens, eps } = config
  const queries = layerNorm(pass, { x: h, ...layer.queryNorm }, { eps: normEps })
  const attended = unwatched(pass, watch, () => {
    const features = layerNorm(pass, { x: seen, ...layer.keyNorm }, { eps: normEps })
    const q = linear(pass, { x: queries, ...layer.query })
    const kv = linear(pass, { x: joinRows(pass, { a: queries, b: features }, { images }), ...layer.keyValue })
    const size = { heads, headWidth: D / heads }
    const keys = kv.shape[0]! / images
    watch?.({ layer: i, q, k: kv, ...size, queries: tokens, keys, firstFeature: tokens })
    const options = { ...size, kvHeads: heads, causal: false, images, offsets: { q: 0, k: 0, v: D } }
    return linear(pass, { x: attention(pass, { q, k: kv, v: kv }, options), ...layer.out, residual: queries })
  })
  const both = linear(pass, { x: layerNorm(pass, { x: attended, ...layer.norm }, { eps: normEps }), ...layer.gateUp })
  const inner = layerNorm(pass, { x: gatedActivation(pass, { x: both }), ...layer.innerNorm }, { eps })
  return linear(pass, { x: inner, ...layer.down, residual: attended })
}
