import type { Gpu } from '../gpu/device.ts'
import type { Storage } from '../gpu/wgsl.ts'
import type { Pass } from '../tensor/pass.ts'
import { Tape } from '../tensor/tape.ts'
import type { Tensor } from '../tensor/tensor.ts'
import { activation } from './activation.ts'
import { adamw } from './adamw.ts'
import { sums } from './add.ts'
import { attention } from './attention.ts'
import { crossEntropy } from './crossEntropy.ts'
import { gatedActivation } from './gatedActivation.ts'
import { gather } from './gather.ts'
import { gradNorm } from './gradNorm.ts'
import { linearInputGradient, linearWeightGradient } from './linearGradient.ts'
import {
  activationSlope,
  adamwStep,
  attentionGradients,
  crossEntropyRows,
  gatedGradient,
  product,
  rmsNormGradient,
  rotated,
} from './plainGradients.ts'
import { type Samples, wave } from './proof.ts'
import { rmsNorm } from './rmsNorm.ts'
import { rotaryFused } from './rotary.ts'
import { splice } from './splice.ts'
import { sumRows } from './sumRows.ts'

/** What a device must give for a small case. */
export interface GradientProof {
  what: string
  /** Fast paths that it may take, the likelier culprit first. */
  paths: readonly (keyof Gpu['paths'])[]
  run(pass: Pass): Record<string, Tensor>
  want: Record<string, ArrayLike<number>>
}

const rows = 17
const cols = 64
const outs = 40

/** dx of y = run(x) for a given dy, and y itself. */
function backwards(pass: Pass, x: Tensor, dy: Tensor, run: (x: Tensor) => Tensor): { y: Tensor; dx: Tensor } {
  const tape = new Tape(new Map(), sums)
  tape.watch(x)
  pass.tape = tape
  const y = run(x)
  const dx = tape.backward(pass, y, dy).get(x)!
  pass.tape = undefined
  return { y, dx }
}

/** A copy that may be changed in place. */
function copied(pass: Pass, x: Tensor): Tensor {
  const copy = pass.scratch(x.shape, x.type)
  pass.copy(x, copy)
  return copy
}

export async function inputGradientProof(samples: Samples, storage: Storage): Promise<GradientProof> {
  const { weight, matrix } = await samples.weight(storage, outs, cols)
  const dy = wave(rows * outs, 0.61)
  const arrived = samples.put([rows, outs], dy)
  return {
    what: `the gradient through a linear layer in ${storage}`,
    paths: ['linearGradient'],
    run: (pass) => ({ dx: linearInputGradient(pass, { dy: arrived, weight }) }),
    want: {
      dx: product(
        rows,
        outs,
        cols,
        (t, n) => dy[t * outs + n]!,
        (n, k) => matrix[n * cols + k]!,
      ),
    },
  }
}

export function weightGradientProof(samples: Samples): GradientProof {
  const [x, dy] = [wave(rows * cols, 0.37), wave(rows * outs, 0.61)]
  const [seen, arrived] = [samples.put([rows, cols], x), samples.put([rows, outs], dy)]
  return {
    what: 'the gradient of a linear layer',
    paths: ['linearGradient'],
    run: (pass) => {
      const [weight, bias] = [pass.scratch([outs, cols]), pass.scratch([outs])]
      pass.clear(weight)
      pass.clear(bias)
      linearWeightGradient(pass, { x: seen, dy: arrived, into: weight })
      sumRows(pass, { x: arrived, into: bias })
      return { weight, bias }
    },
    want: {
      weight: product(
        outs,
        rows,
        cols,
        (n, t) => dy[t * outs + n]!,
        (t, k) => x[t * cols + k]!,
      ),
      bias: product(
        1,
        rows,
        outs,
        () => 1,
        (t, n) => dy[t * outs + n]!,
      ),
    },
  }
}

/** Two causal sequences; two heads share keys and values. */
export function attentionProof(samples: Samples, width: number): GradientProof {
  const [images, rows, heads, kvHeads] = [2, 19, 2, 1]
  const stride = (heads + 2 * kvHeads) * width
  const qkv = wave(images * rows * stride, 0.51).map((v) => 1.5 * v)
  const dy = wave(images * rows * heads * width, 0.23)
  const x = samples.put([images * rows, stride], qkv)
  const arrived = samples.put([images * rows, heads * width], dy)
  const offsets = { q: 0, k: heads * width, v: (heads + kvHeads) * width }
  const options = { heads, kvHeads, headWidth: width, causal: true, images, offsets }
  return {
    what: `the gradient of attention of width ${width}`,
    paths: ['attentionGradient', 'attention'],
    run: (pass) => backwards(pass, x, arrived, (qkv) => attention(pass, { q: qkv, k: qkv, v: qkv }, options)),
    want: attentionGradients(qkv, dy, { images, rows, heads, kvHeads, width }),
  }
}

export function rotaryProof(samples: Samples, width: number, theta: number): GradientProof {
  const [sequences, rows, heads, kvHeads] = [2, 5, 2, 1]
  const all = heads + 2 * kvHeads
  const [qkv, dy] = [wave(sequences * rows * all * width, 0.77), wave(sequences * rows * all * width, 0.29)]
  const x = samples.put([sequences * rows, all * width], qkv)
  const arrived = samples.put([sequences * rows, all * width], dy)
  const options = { heads, kvHeads, headWidth: width, theta, sequences }
  const turn = { rows, turned: heads + kvHeads, all, width, theta }
  return {
    what: 'rotary positions and their gradient',
    paths: [],
    run: (pass) => backwards(pass, x, arrived, (qkv) => rotaryFused(pass, { qkv }, options)),
    want: { y: rotated(qkv, { ...turn, sign: 1 }), dx: rotated(dy, { ...turn, sign: -1 }) },
  }
}

export function rmsNormProof(samples: Samples): GradientProof {
  const [x, gain, dy] = [wave(rows * cols, 0.37).map((v) => v + 0.5), wave(cols, 0.9), wave(rows * cols, 0.61)]
  const input = samples.put([rows, cols], x)
  const gains = samples.put([cols], gain)
  const arrived = samples.put([rows, cols], dy)
  return {
    what: 'the gradient of rmsNorm',
    paths: [],
    run: (pass) => ({
      dx: backwards(pass, input, arrived, (x) => rmsNorm(pass, { x, gain: gains }, { eps: 1e-3 })).dx,
    }),
    want: { dx: rmsNormGradient(x, gain, dy, 1e-3) },
  }
}

export function gatedProof(samples: Samples): GradientProof {
  const [x, dy] = [wave(rows * 2 * cols, 0.37).map((v) => 3 * v), wave(rows * cols, 0.61)]
  const input = samples.put([rows, 2 * cols], x)
  const arrived = samples.put([rows, cols], dy)
  return {
    what: 'the gradient of a gated activation',
    paths: [],
    run: (pass) => ({ dx: backwards(pass, input, arrived, (x) => gatedActivation(pass, { x }, { kind: 'silu' })).dx }),
    want: { dx: gatedGradient(x, dy, cols) },
  }
}

export function activationProof(samples: Samples, kind: 'gelu' | 'geluTanh' | 'silu'): GradientProof {
  const [x, dy] = [wave(rows * cols, 0.37).map((v) => 4 * v), wave(rows * cols, 0.61)]
  const [input, arrived] = [samples.put([rows, cols], x), samples.put([rows, cols], dy)]
  return {
    what: `the gradient of ${kind}`,
    paths: [],
    run: (pass) => ({ dx: backwards(pass, input, arrived, (x) => activation(pass, { x }, { kind })).dx }),
    want: { dx: Float64Array.from(x, (value, i) => dy[i]! * activationSlope(value, kind)) },
  }
}

/** Visual tokens spliced among words, of which some rows are asked: one not at all, one twice. */
export function visualTokensProof(samples: Samples): GradientProof {
  const [source, asked] = [
    [0, 2, 1, 3, 0, 2],
    [5, 1, 3, 4, 3],
  ]
  const dy = wave(asked.length * cols, 0.61)
  const embeddings = samples.put([source.length, cols], wave(source.length * cols, 0.37))
  const visual = samples.put([3, cols], wave(3 * cols, 0.9))
  const sources = samples.put([source.length], Uint32Array.from(source), 'u32')
  const lines = samples.put([asked.length], Uint32Array.from(asked), 'u32')
  const arrived = samples.put([asked.length, cols], dy)
  return {
    what: 'the gradient of visual tokens',
    paths: [],
    run: (pass) => ({
      dx: backwards(pass, visual, arrived, (visual) =>
        gather(pass, { x: splice(pass, { embeddings, visual, source: sources }), rows: lines }),
      ).dx,
    }),
    want: {
      dx: product(
        3,
        asked.length,
        cols,
        (m, i) => Number(source[asked[i]!] === m + 1),
        (i, c) => dy[i * cols + c]!,
      ),
    },
  }
}

export function crossEntropyProof(samples: Samples): GradientProof {
  const [rows, width] = [9, 100]
  const values = wave(rows * width, 0.37).map((v) => 4 * v)
  const labels = Array.from({ length: rows }, (_, r) => (r === 4 ? -100 : (r * 37) % width))
  const given = samples.put([rows, width], values)
  const wanted = samples.put([rows], Uint32Array.from(labels), 'u32')
  return {
    what: 'the loss and its gradient',
    paths: [],
    run: (pass) => {
      const logits = copied(pass, given)
      return { ...crossEntropy(pass, { logits, labels: wanted }, { scale: 0.5, gradient: true }), logits }
    },
    want: crossEntropyRows(values, labels, width, 0.5),
  }
}

export function adamwProof(samples: Samples): GradientProof {
  const count = 132
  const state = {
    value: wave(count, 0.37),
    gradient: wave(count, 0.61),
    m: wave(count, 0.9),
    v: wave(count, 0.23).map(Math.abs),
  }
  const options = { learningRate: 0.1, betas: [0.9, 0.99], eps: 1e-8, weightDecay: 0.5, clip: 1, step: 3 } as const
  const put = (name: keyof typeof state) => samples.put([count], state[name])
  const [value, gradient, m, v] = [put('value'), put('gradient'), put('m'), put('v')]
  return {
    what: 'a step of the optimizer',
    paths: [],
    run: (pass) => {
      const changed = { value: copied(pass, value), m: copied(pass, m), v: copied(pass, v) }
      const norm = gradNorm(pass, [gradient])
      adamw(pass, { ...changed, gradient, norm }, options)
      return { ...changed, norm }
    },
    want: adamwStep(state, options),
  }
}
