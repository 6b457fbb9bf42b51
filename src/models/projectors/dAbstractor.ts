import type { DAbstractorConfig } from '../../checkpoint/configTypes.ts'
import { BeagleError } from '../../errors.ts'
import { adaptivePool } from '../../ops/adaptivePool.ts'
import { add } from '../../ops/add.ts'
import { attention } from '../../ops/attention.ts'
import { deformableSampling } from '../../ops/deformableSampling.ts'
import { joinRows } from '../../ops/joinRows.ts'
import { layerNorm } from '../../ops/layerNorm.ts'
import { linear } from '../../ops/linear.ts'
import { addRepeated, appendRepeated, repeatRows } from '../../ops/repeat.ts'
import { samplingLocations } from '../../ops/samplingLocations.ts'
import { softmax } from '../../ops/softmax.ts'
import { takeRows } from '../../ops/takeRows.ts'
import type { Pass } from '../../tensor/pass.ts'
import type { Tensor } from '../../tensor/tensor.ts'
import type { Loaded, VectorLeaf } from '../tree.ts'
import type { Ends } from './ends.ts'
import { dense, norm, shared } from './leaves.ts'
import { unwatched, type WatchPoints } from './watch.ts'

const eps = 1e-5

function layerSpec(at: string, { hidden: D, ffn, heads, levels, points }: DAbstractorConfig) {
  const [self, cross] = [`${at}.self_attn`, `${at}.encoder_attn`]
  const sampled = heads * levels * points
  return {
    queryKey: dense(D, [`${self}.q_proj`, D], [`${self}.k_proj`, D]),
    value: dense(D, [`${self}.v_proj`, D]),
    out: dense(D, [`${self}.out_proj`, D]),
    selfNorm: norm(`${at}.self_attn_layer_norm`, D),
    offsets: dense(D, [`${cross}.sampling_offsets`, 2 * sampled]),
    weights: dense(D, [`${cross}.attention_weights`, sampled]),
    mapValue: dense(D, [`${cross}.value_proj`, D]),
    mapOut: dense(D, [`${cross}.output_proj`, D]),
    crossNorm: norm(`${at}.encoder_attn_layer_norm`, D),
    fc1: dense(D, [`${at}.fc1`, ffn]),
    fc2: dense(ffn, [`${at}.fc2`, D]),
    finalNorm: norm(`${at}.final_layer_norm`, D),
  }
}

/** The queries' embedding; where it holds a position and a content side by side, their rows alternate. */
function queriesLeaf(name: string, { tokens, hidden, pooled }: DAbstractorConfig): VectorLeaf {
  const parts = pooled === 'none' ? 2 : 1
  return {
    kind: 'vector',
    sources: [{ name, shape: [tokens, parts * hidden] }],
    shape: [parts * tokens, hidden],
  }
}

function levelLeaf(name: string, levels: number, width: number): VectorLeaf {
  return { kind: 'vector', sources: [{ name, shape: [1, levels, 1, width] }], shape: [levels, width] }
}

/**
 * The weights of a D-Abstractor below `root` (`abstractor`). Throws `bad-argument` where the features or, where they are pooled to
 * queries, the visual tokens make no square map, and where levels do not fit.
 */
export function dAbstractorSpec(root: string, ends: Ends, config: DAbstractorConfig) {
  sidesOf(ends, config)
  const { positions, features, width } = ends
  const { tokens, hidden: D, layers, levels, endTokens } = config
  return {
    inputs: Array.from({ length: features === D ? 0 : levels }, (_, l) =>
      dense(features, [`${root}.input_proj.${l}`, D]),
    ),
    positions: config.positions ? shared(`${root}.v_pos_emb`, positions, D) : undefined,
    levels: levels > 1 ? levelLeaf(`${root}.level_emb`, levels, D) : undefined,
    queries: queriesLeaf(`${root}.query_position_embeddings.weight`, config),
    reference: shared(`${root}.reference_points`, tokens, 2),
    layers: Array.from({ length: layers }, (_, i) => layerSpec(`${root}.layers.${i}`, config)),
    ends: endTokens > 0 ? shared(`${root}.eos_tokens`, endTokens, D) : undefined,
    output: width === D ? undefined : dense(D, [`${root}.output_proj`, width]),
  }
}

export type DAbstractorWeights = Loaded<ReturnType<typeof dAbstractorSpec>>

export interface DAbstractorShape {
  images: number
  ends: Ends
  config: DAbstractorConfig
  /** Sees where each layer looks. */
  watchPoints?: WatchPoints
}

/**
 * Features of images [B · levels · N, Dv] → visual tokens [B·(M+e), D]: queries that look at each other and then at a few points of the
 * maps, which they choose themselves about their reference point. Cha et al. 2024 (Honeybee), arXiv:2312.06742, section 3.2, after
 * Deformable DETR's decoder (Zhu et al. 2020, arXiv:2010.04159).
 */
export function dAbstractor(
  pass: Pass,
  weights: DAbstractorWeights,
  features: Tensor,
  shape: DAbstractorShape,
): Tensor {
  const { images, config, watchPoints } = shape
  const maps = pass.scope(() => mapsOf(pass, weights, features, shape))
  const [position, content] = pass.scope(() => queriesOf(pass, weights, maps, shape))
  // A tensor of its own is not one that the tape knows.
  const reference = config.learnedPoints ? weights.reference : { ...weights.reference }
  let h = content
  weights.layers.forEach((layer, i) => {
    const before = h
    h = unwatched(pass, watchPoints, () =>
      dAbstractorLayer(pass, layer, { h: before, position, maps, reference }, shape, i),
    )
    pass.drop(before)
  })
  const { ends, output } = weights
  const tokens = ends ? appendRepeated(pass, { x: h, y: ends }, { images }) : h
  return output ? linear(pass, { x: tokens, ...output }) : tokens
}

/** The features of all levels in the queries' width, with their positions and levels. */
function mapsOf(
  pass: Pass,
  { inputs, positions, levels }: DAbstractorWeights,
  features: Tensor,
  { images, ends, config }: DAbstractorShape,
): Tensor {
  const rows = ends.positions
  const level = (l: number) => {
    const own = config.levels === 1 ? features : takeRows(pass, { x: features }, { images, first: l * rows, rows })
    const x = inputs[l] ? linear(pass, { x: own, ...inputs[l] }) : own
    return levels ? addRepeated(pass, { x, y: takeRows(pass, { x: levels }, { first: l, rows: 1 }) }) : x
  }
  const x = Array.from({ length: config.levels }, (_, l) => level(l)).reduce((a, b) =>
    joinRows(pass, { a, b }, { images }),
  )
  return positions ? addRepeated(pass, { x, y: positions }) : x
}

/** Position and content of every image's queries: what is learned, and where it is wanted the features, pooled. */
function queriesOf(
  pass: Pass,
  { queries }: DAbstractorWeights,
  maps: Tensor,
  { images, ends, config }: DAbstractorShape,
): [position: Tensor, content: Tensor] {
  const times = images
  const { tokens, pooled } = config
  if (pooled === 'none') {
    const part = (first: number) => {
      const own = takeRows(pass, { x: queries }, { images: tokens, first, rows: 1 })
      return repeatRows(pass, { x: own }, { times })
    }
    return [part(0), part(1)]
  }
  const learned = repeatRows(pass, { x: queries }, { times })
  const { from, to } = sidesOf(ends, config)
  const sizes = { size: { height: from, width: from }, to: { height: to, width: to } }
  const seen = adaptivePool(pass, { x: maps }, sizes)
  return pooled === 'query' ? [seen, learned] : [learned, seen]
}

interface LayerInputs {
  h: Tensor
  position: Tensor
  maps: Tensor
  reference: Tensor
}

/** Each of its three residual paths ends in a norm. */
function dAbstractorLayer(
  pass: Pass,
  layer: DAbstractorWeights['layers'][number],
  { h, position, maps, reference }: LayerInputs,
  { images, ends, config, watchPoints }: DAbstractorShape,
  i: number,
): Tensor {
  const { hidden: D, heads, points, levels } = config
  const mixed = pass.scope(() => {
    const qk = linear(pass, { x: add(pass, { x: h, y: position }), ...layer.queryKey })
    const v = linear(pass, { x: h, ...layer.value })
    const own = { heads, kvHeads: heads, headWidth: D / heads, causal: false, images, offsets: { q: 0, k: D, v: 0 } }
    const x = linear(pass, { x: attention(pass, { q: qk, k: qk, v }, own), ...layer.out, residual: h })
    return layerNorm(pass, { x, ...layer.selfNorm }, { eps })
  })
  const looked = unwatched(pass, watchPoints, () => {
    const asking = add(pass, { x: mixed, y: position })
    const side = Math.sqrt(ends.positions)
    const options = { levels: Array(levels).fill({ height: side, width: side }), heads, points, images }
    const offsets = linear(pass, { x: asking, ...layer.offsets })
    const locations = samplingLocations(pass, { reference, offsets }, options)
    const weights = softmax(pass, { x: linear(pass, { x: asking, ...layer.weights }) }, { width: levels * points })
    watchPoints?.({ layer: i, locations, weights })
    const value = linear(pass, { x: maps, ...layer.mapValue })
    const seen = deformableSampling(pass, { value, locations, weights }, options)
    return layerNorm(
      pass,
      { x: linear(pass, { x: seen, ...layer.mapOut, residual: mixed }), ...layer.crossNorm },
      { eps },
    )
  })
  const inner = linear(pass, { x: looked, ...layer.fc1 }, { activation: 'relu' })
  return layerNorm(pass, { x: linear(pass, { x: inner, ...layer.fc2, residual: looked }), ...layer.finalNorm }, { eps })
}

/**
 * Where D-Abstractors' reference points begin, (x, y) of M queries row by row: evenly spaced from the middle of the map's first cell to
 * that of its last, [M, 2].
 */
export function evenReferencePoints(tokens: number, positions: number): Float32Array<ArrayBuffer> {
  const [across, side] = [Math.sqrt(positions), Math.round(Math.sqrt(tokens))]
  const line = (i: number) => (0.5 + (i * (across - 1)) / Math.max(1, side - 1)) / across
  return Float32Array.from({ length: 2 * tokens }, (_, i) => {
    const query = Math.floor(i / 2)
    return line(i % 2 === 0 ? query % side : Math.floor(query / side))
  })
}

/** The sides of the maps and of the queries' grid. */
function sidesOf({ positions, levels: found }: Ends, { tokens, levels, pooled, hidden, heads }: DAbstractorConfig) {
  const refuse = (why: string) => {
    throw new BeagleError('bad-argument', `A D-Abstractor ${why}`)
  }
  const [from, to] = [Math.round(Math.sqrt(positions)), Math.round(Math.sqrt(tokens))]
  if (from * from !== positions)
    refuse(`samples square maps, but the encoder gives ${positions} features. Choose an encoder of square images.`)
  if (to * to !== tokens)
    refuse(
      `spreads its queries over a square, but the number of visual tokens is ${tokens}. Choose a square number, such as 144.`,
    )
  if (found !== levels)
    refuse(
      `of ${levels} levels needs as many feature layers, the encoder gives ${found}. Choose as many feature layers as levels.`,
    )
  if (levels > 1 && pooled !== 'none')
    refuse(
      `of ${levels} levels cannot pool features into its queries ("${pooled}"). Choose "none" for pooled_v_target, or one level.`,
    )
  if (hidden % heads > 0)
    refuse(`of width ${hidden} does not fall evenly on ${heads} heads. Choose a divisor of the width.`)
  return { from, to }
}
