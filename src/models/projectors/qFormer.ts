import type { QFormerConfig } from '../../checkpoint/configTypes.ts'
import { BeagleError } from '../../errors.ts'
import { attention } from '../../ops/attention.ts'
import { gather } from '../../ops/gather.ts'
import { joinRows } from '../../ops/joinRows.ts'
import { layerNorm } from '../../ops/layerNorm.ts'
import { linear } from '../../ops/linear.ts'
import { addRepeated, repeatRows } from '../../ops/repeat.ts'
import { takeRows } from '../../ops/takeRows.ts'
import type { Pass } from '../../tensor/pass.ts'
import { rowsOf, sizeOf, type Tensor } from '../../tensor/tensor.ts'
import { type Loaded, table } from '../tree.ts'
import type { Ends } from './ends.ts'
import { dense, norm, shared } from './leaves.ts'
import { unwatched, type Watch } from './watch.ts'

const closing = (at: string, inner: number, width: number) => ({
  out: dense(inner, [`${at}.dense`, width]),
  norm: norm(`${at}.LayerNorm`, width),
})

function layerSpec(at: string, features: number, { hidden: D, ffn }: QFormerConfig, looks: boolean) {
  const [self, cross] = [`${at}.attention.attention`, `${at}.crossattention.attention`]
  return {
    qkv: dense(D, [`${self}.query`, D], [`${self}.key`, D], [`${self}.value`, D]),
    attended: closing(`${at}.attention.output`, D, D),
    cross: looks
      ? {
          query: dense(D, [`${cross}.query`, D]),
          keyValue: dense(features, [`${cross}.key`, D], [`${cross}.value`, D]),
          attended: closing(`${at}.crossattention.output`, D, D),
        }
      : undefined,
    text: { up: dense(D, [`${at}.intermediate.dense`, ffn]), down: closing(`${at}.output`, ffn, D) },
    query: { up: dense(D, [`${at}.intermediate_query.dense`, ffn]), down: closing(`${at}.output_query`, ffn, D) },
  }
}

/** The weights of InstructBLIP's Q-Former; `root` stands before its three parts, or is empty. */
export function qFormerSpec(root: string, { features, width }: Ends, config: QFormerConfig) {
  const { tokens, hidden: D, layers, vocab, maxPositions, crossEvery } = config
  const above = root && `${root}.`
  const at = `${above}qformer`
  return {
    queries: shared(`${above}query_tokens`, tokens, D),
    words: table(`${at}.embeddings.word_embeddings.weight`, vocab, D),
    positions: table(`${at}.embeddings.position_embeddings.weight`, maxPositions, D),
    norm: norm(`${at}.embeddings.layernorm`, D),
    layers: Array.from({ length: layers }, (_, i) =>
      layerSpec(`${at}.encoder.layer.${i}`, features, config, i % crossEvery === 0),
    ),
    output: config.output ? dense(D, [`${above}language_projection`, width]) : undefined,
  }
}

export type QFormerWeights = Loaded<ReturnType<typeof qFormerSpec>>
type Layer = QFormerWeights['layers'][number]

export interface QFormerShape {
  images: number
  config: QFormerConfig
  /** Ids of each image's question in the Q-Former's own vocabulary, u32 [B·L]; none asks for what the image shows by itself. */
  instruction?: Tensor
  watch?: Watch
}

/**
 * Features of images [B·N, Dv] → visual tokens [B·M, D]: learned queries that talk with the instruction in every layer and look at the
 * features in every `crossEvery`th. The instruction's last feed-forward layer leads nowhere and is left out. Throws `bad-argument` where
 * an instruction is longer than the position embeddings. Dai et al. 2023, arXiv:2305.06500, after Li et al. 2023, arXiv:2301.12597.
 */
export function qFormer(pass: Pass, weights: QFormerWeights, features: Tensor, shape: QFormerShape): Tensor {
  let h = pass.scope(() => embedded(pass, weights, shape))
  weights.layers.forEach((layer, i) => {
    const before = h
    h = unwatched(pass, shape.watch, () => qFormerLayer(pass, layer, { h: before, features }, shape, i))
    pass.drop(before)
  })
  return weights.output ? linear(pass, { x: h, ...weights.output }) : h
}

function embedded(
  pass: Pass,
  { queries, words, positions, norm }: QFormerWeights,
  { images, config, instruction }: QFormerShape,
): Tensor {
  const own = repeatRows(pass, { x: queries }, { times: images })
  if (!instruction) return layerNorm(pass, { x: own, ...norm }, { eps: config.eps })
  const length = sizeOf(instruction.shape) / images
  if (length > config.maxPositions)
    throw new BeagleError(
      'bad-argument',
      `The question has ${length} tokens for the Q-Former, which reads at most ${config.maxPositions}. Ask a shorter one.`,
    )
  const places = takeRows(pass, { x: positions }, { rows: length })
  const text = addRepeated(pass, { x: gather(pass, { x: words, rows: instruction }), y: places })
  return layerNorm(pass, { x: joinRows(pass, { a: own, b: text }, { images }), ...norm }, { eps: config.eps })
}

/** The rows of queries and text of each image, of the last layer the queries alone. */
function qFormerLayer(
  pass: Pass,
  layer: Layer,
  { h, features }: { h: Tensor; features: Tensor },
  shape: QFormerShape,
  i: number,
): Tensor {
  const { images, config } = shape
  const { tokens, layers } = config
  const attended = pass.scope(() => selfAttended(pass, layer, h, shape))
  const words = rowsOf(h) / images - tokens
  const own = words > 0 ? takeRows(pass, { x: attended }, { images, rows: tokens }) : attended
  const looked = layer.cross
    ? unwatched(pass, shape.watch, () => crossAttended(pass, layer.cross!, { own, features }, shape, i))
    : own
  const queries = fed(pass, layer.query, looked, config)
  if (words === 0 || i === layers - 1) return queries
  const text = takeRows(pass, { x: attended }, { images, first: tokens, rows: words })
  return joinRows(pass, { a: queries, b: fed(pass, layer.text, text, config) }, { images })
}

/** Back to the layer's width, onto the residual, and normed. */
function closed(pass: Pass, { out, norm }: Layer['attended'], x: Tensor, residual: Tensor, eps: number): Tensor {
  return layerNorm(pass, { x: linear(pass, { x, ...out, residual }), ...norm }, { eps })
}

function selfAttended(pass: Pass, { qkv, attended }: Layer, h: Tensor, { images, config }: QFormerShape): Tensor {
  const { hidden: D, heads, eps } = config
  const all = linear(pass, { x: h, ...qkv })
  const size = { heads, kvHeads: heads, headWidth: D / heads }
  const options = { ...size, causal: false, images, offsets: { q: 0, k: D, v: 2 * D } }
  return closed(pass, attended, attention(pass, { q: all, k: all, v: all }, options), h, eps)
}

function crossAttended(
  pass: Pass,
  { query, keyValue, attended }: NonNullable<Layer['cross']>,
  { own, features }: { own: Tensor; features: Tensor },
  { images, config, watch }: QFormerShape,
  i: number,
): Tensor {
  const { hidden: D, heads, tokens, crossEvery, eps } = config
  const q = linear(pass, { x: own, ...query })
  const kv = linear(pass, { x: features, ...keyValue })
  const size = { heads, headWidth: D / heads }
  const keys = rowsOf(features) / images
  watch?.({ layer: i / crossEvery, q, k: kv, ...size, queries: tokens, keys, firstFeature: 0 })
  const options = { ...size, kvHeads: heads, causal: false, images, offsets: { q: 0, k: 0, v: D } }
  return closed(pass, attended, attention(pass, { q, k: kv, v: kv }, options), own, eps)
}

function fed(pass: Pass, { up, down }: Layer['query'], x: Tensor, { eps }: QFormerConfig): Tensor {
  return pass.scope(() => closed(pass, down, linear(pass, { x, ...up }, { activation: 'gelu' }), x, eps))
}
