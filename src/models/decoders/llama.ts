import type { TextConfig } from '../../checkpoint/configTypes.ts'
import { attention } from '../../ops/attention.ts'
import { attentionRow } from '../../ops/attentionRow.ts'
import { cursorFields } from '../../ops/cursor.ts'
import { embedding } from '../../ops/embedding.ts'
import { gatedActivation } from '../../ops/gatedActivation.ts'
import { linear } from '../../ops/linear.ts'
import { matvec } from '../../ops/matvec.ts'
import { rmsNorm } from '../../ops/rmsNorm.ts'
import { rotaryFused, rotaryToCache } from '../../ops/rotary.ts'
import type { Pass } from '../../tensor/pass.ts'
import { rowsOf, type Tensor } from '../../tensor/tensor.ts'
import type { Weight } from '../../tensor/weight.ts'
import { type Loaded, matrix, unread, vector } from '../tree.ts'

function dense(name: string, cols: number, rows: number, bias: boolean) {
  return {
    weight: matrix('decoder', cols, [`${name}.weight`, rows]),
    bias: bias ? vector([`${name}.bias`, rows]) : undefined,
  }
}

function stacked(cols: number, bias: boolean, ...parts: [name: string, rows: number][]) {
  return {
    weight: matrix('decoder', cols, ...parts.map(([name, rows]): [string, number] => [`${name}.weight`, rows])),
    bias: bias ? vector(...parts.map(([name, rows]): [string, number] => [`${name}.bias`, rows])) : undefined,
  }
}

function layerSpec(at: string, config: TextConfig) {
  const { hidden: D, ffn, heads, kvHeads, headDim: K } = config
  return {
    inputNorm: vector([`${at}.input_layernorm.weight`, D]),
    qkv: stacked(
      D,
      config.attentionBias,
      [`${at}.self_attn.q_proj`, heads * K],
      [`${at}.self_attn.k_proj`, kvHeads * K],
      [`${at}.self_attn.v_proj`, kvHeads * K],
    ),
    out: dense(`${at}.self_attn.o_proj`, heads * K, D, config.outputBias),
    postNorm: vector([`${at}.post_attention_layernorm.weight`, D]),
    gateUp: stacked(D, config.mlpBias, [`${at}.mlp.gate_proj`, ffn], [`${at}.mlp.up_proj`, ffn]),
    down: dense(`${at}.mlp.down_proj`, ffn, D, config.mlpBias),
  }
}

/**
 * The weights of a Llama or Qwen2 decoder (canonical names). Qwen2 is Llama with a bias on q, k and v. With tied embeddings
 * there is no head of its own; where a file has one all the same it is not read, as transformers does.
 */
export function llamaSpec(config: TextConfig) {
  const { hidden: D, vocab, layers, tied } = config
  const head = matrix('embedding', D, ['lm_head.weight', vocab])
  return {
    embeddings: matrix('embedding', D, ['language_model.embed_tokens.weight', vocab]),
    layers: Array.from({ length: layers }, (_, i) => layerSpec(`language_model.layers.${i}`, config)),
    norm: vector(['language_model.norm.weight', D]),
    head: tied ? undefined : head,
    rest: tied ? unread(head) : undefined,
  }
}

export type LlamaWeights = Loaded<ReturnType<typeof llamaSpec>>

/** Keys and values of every layer, [C, kvHeads · headDim] each. */
export interface Cache {
  capacity: number
  layers: { keys: Tensor; values: Tensor }[]
}

interface DecoderState {
  weights: LlamaWeights
  config: TextConfig
  cache: Cache
  cursor: Tensor
}

/** Is shown each layer's turned queries [T, heads · headDim], and its keys [C, kvHeads · headDim], before it attends. */
export type AttentionWatch = (layer: number, q: Tensor, keys: Tensor) => void

/** The matrix that gives the logits. */
export const headOf = (weights: LlamaWeights): Weight => weights.head ?? weights.embeddings

const shapeOf = ({ heads, kvHeads, headDim, ropeTheta }: TextConfig) => ({
  heads,
  kvHeads,
  headWidth: headDim,
  theta: ropeTheta,
})

/** One layer over rows [R, D]; `attend` mixes the values of its fused qkv. */
function rowsThrough(
  pass: Pass,
  layer: LlamaWeights['layers'][number],
  x: Tensor,
  eps: number,
  attend: (qkv: Tensor) => Tensor,
): Tensor {
  const attended = pass.scope(() => {
    const qkv = linear(pass, { x: rmsNorm(pass, { x, gain: layer.inputNorm }, { eps }), ...layer.qkv })
    return linear(pass, { x: attend(qkv), ...layer.out, residual: x })
  })
  const y = pass.scope(() => {
    const both = linear(pass, { x: rmsNorm(pass, { x: attended, gain: layer.postNorm }, { eps }), ...layer.gateUp })
    const inner = gatedActivation(pass, { x: both }, { kind: 'silu' })
    return linear(pass, { x: inner, ...layer.down, residual: attended })
  })
  pass.drop(attended)
  return y
}

/**
 * Runs rows of embeddings [T, D] through all layers, behind what the cache holds, and adds theirs to it; T > 1. Gives the last
 * layer's output [T, D], before the final norm. Touvron et al. 2023, arXiv:2302.13971; Yang et al. 2024, arXiv:2407.10671.
 */
export function prefill(
  pass: Pass,
  { weights, config, cache, cursor }: DecoderState,
  embeddings: Tensor,
  watch?: AttentionWatch,
): Tensor {
  const shape = shapeOf(config)
  let x = embeddings
  weights.layers.forEach((layer, i) => {
    const { keys, values } = cache.layers[i]!
    const input = x
    x = rowsThrough(pass, layer, input, config.eps, (qkv) => {
      const q = rotaryToCache(pass, { qkv, cursor, keys, values }, shape)
      watch?.(i, q, keys)
      return attention(pass, { q, k: keys, v: values, cursor }, { ...shape, causal: true })
    })
    if (i > 0) pass.drop(input)
  })
  return x
}

/**
 * Teacher forcing: `sequences` of equal length, one below the other, [B · T, D], each from position 0 on, without a cache. Gives the
 * last layer's output, before the final norm. With `recompute` a tape keeps no layer's activations but its input.
 */
export function teacherForced(
  pass: Pass,
  { weights, config }: Pick<DecoderState, 'weights' | 'config'>,
  embeddings: Tensor,
  { sequences, recompute }: { sequences: number; recompute: boolean },
): Tensor {
  const shape = shapeOf(config)
  const { heads, kvHeads, headDim: K } = config
  const offsets = { q: 0, k: heads * K, v: (heads + kvHeads) * K }
  let x = embeddings
  weights.layers.forEach((layer, i) => {
    const through = (pass: Pass, x: Tensor) =>
      rowsThrough(pass, layer, x, config.eps, (fused) => {
        const qkv = rotaryFused(pass, { qkv: fused }, { ...shape, sequences })
        return attention(pass, { q: qkv, k: qkv, v: qkv }, { ...shape, causal: true, images: sequences, offsets })
      })
    const input = x
    x = recompute && pass.tape ? pass.tape.recomputed(pass, input, through) : through(pass, input)
    if (i > 0) pass.drop(input)
  })
  return x
}

/** One token, the cursor's, through all layers: six dispatches a layer. Gives [1, D] before the final norm. */
export function step(pass: Pass, { weights, config, cache, cursor }: DecoderState): Tensor {
  const { eps } = config
  const shape = shapeOf(config)
  let x = embedding(pass, { ids: cursor, table: weights.embeddings }, { idOffset: cursorFields.token, rows: 1 })
  weights.layers.forEach((layer, i) => {
    const { keys, values } = cache.layers[i]!
    const input = x
    x = pass.scope(() => {
      const qkv = matvec(pass, { x: input, gain: layer.inputNorm, ...layer.qkv }, { eps })
      const q = rotaryToCache(pass, { qkv, cursor, keys, values }, shape)
      const mixed = attentionRow(pass, { q, keys, values, cursor }, shape)
      const attended = matvec(pass, { x: mixed, ...layer.out, residual: input })
      const inner = gatedRow(pass, layer, attended, eps)
      return matvec(pass, { x: inner, ...layer.down, residual: attended })
    })
    pass.drop(input)
  })
  return x
}

function gatedRow(pass: Pass, layer: LlamaWeights['layers'][number], x: Tensor, eps: number): Tensor {
  const inputs = { x, gain: layer.postNorm, ...layer.gateUp }
  if (!layer.gateUp.bias) return matvec(pass, inputs, { eps, gated: true, activation: 'silu' })
  return gatedActivation(pass, { x: matvec(pass, inputs, { eps }) }, { kind: 'silu' })
}

/** Logits [T, V] in f32 of rows of the last layer's output. */
export function logits(pass: Pass, weights: LlamaWeights, x: Tensor, eps: number): Tensor {
  if (rowsOf(x) === 1) return matvec(pass, { x, weight: headOf(weights), gain: weights.norm }, { eps })
  return linear(pass, { x: rmsNorm(pass, { x, gain: weights.norm }, { eps }), weight: headOf(weights) })
}
