import type { CAbstractorConfig } from '../../checkpoint/configTypes.ts'
import { BeagleError } from '../../errors.ts'
import { adaptivePool } from '../../ops/adaptivePool.ts'
import { depthwise, type MapSize } from '../../ops/depthwise.ts'
import { layerNorm } from '../../ops/layerNorm.ts'
import { linear } from '../../ops/linear.ts'
import { normActivation } from '../../ops/normActivation.ts'
import { addRepeated, appendRepeated } from '../../ops/repeat.ts'
import { squeezeExcite } from '../../ops/squeezeExcite.ts'
import type { Pass } from '../../tensor/pass.ts'
import type { Tensor } from '../../tensor/tensor.ts'
import { type Loaded, matrix, type VectorLeaf, vector } from '../tree.ts'
import type { Ends } from './ends.ts'
import { dense, norm, shared } from './leaves.ts'

/** Of the blocks' norms, and of the one before everything. */
const [normEps, preNormEps] = [1e-5, 1e-6]

/** A 1×1 convolution, which over pixels as rows is a linear layer. */
const pointwise = (name: string, from: number, to: number) => matrix('exact', from, [name, to, [to, from, 1, 1]])

/** A 3×3 convolution of each channel by itself. */
function perChannel(name: string, channels: number): VectorLeaf {
  const shape = [channels, 1, 3, 3]
  return { kind: 'vector', sources: [{ name, shape }], shape }
}

/** A quarter of the width that comes in, halves going to the even number as in Python. */
function reducedWidth(width: number): number {
  const down = Math.floor(width / 4)
  return width % 4 > 2 || (width % 4 === 2 && down % 2 === 1) ? down + 1 : down
}

function blockSpec(at: string, from: number, hidden: number) {
  const reduced = reducedWidth(from)
  return {
    conv1: pointwise(`${at}.conv1.conv.weight`, from, hidden),
    norm1: norm(`${at}.conv1.bn`, hidden),
    conv2: perChannel(`${at}.conv2.conv.weight`, hidden),
    norm2: norm(`${at}.conv2.bn`, hidden),
    squeeze: pointwise(`${at}.se.fc1.weight`, hidden, reduced),
    squeezeBias: vector([`${at}.se.fc1.bias`, reduced]),
    excite: pointwise(`${at}.se.fc2.weight`, reduced, hidden),
    exciteBias: vector([`${at}.se.fc2.bias`, hidden]),
    conv3: pointwise(`${at}.conv3.conv.weight`, hidden, hidden),
    norm3: norm(`${at}.conv3.bn`, hidden),
    shortcut:
      from === hidden
        ? undefined
        : {
            conv: pointwise(`${at}.downsample.conv.weight`, from, hidden),
            norm: norm(`${at}.downsample.bn`, hidden),
          },
  }
}

/** The square map of `count` pixels. */
function squareOf(count: number, what: string, next: string): MapSize {
  const side = Math.round(Math.sqrt(count))
  if (side > 0 && side * side === count) return { height: side, width: side }
  throw new BeagleError('bad-argument', `A C-Abstractor's ${what} must be a square number, found ${count}. ${next}`)
}

/** The maps before and after the pooling. */
function mapsOf({ positions, levels }: Ends, { tokens }: CAbstractorConfig): { size: MapSize; to: MapSize } {
  if (levels !== 1) {
    const found = `found ${levels} levels of features`
    throw new BeagleError('bad-argument', `A C-Abstractor sees one map per image, ${found}. Choose one feature layer.`)
  }
  return {
    size: squareOf(positions, 'features per image', 'Choose an encoder of square images, without its class token.'),
    to: squareOf(tokens, 'visual tokens', 'Choose another number, such as 144.'),
  }
}

/**
 * The weights of a C-Abstractor below `root` (`abstractor`): `net.0` stands before the pooling, `net.1`, and `net.2` after it. Throws
 * `bad-argument` where the features or the visual tokens make no square map.
 */
export function cAbstractorSpec(root: string, ends: Ends, config: CAbstractorConfig) {
  mapsOf(ends, config)
  const { positions, features, width } = ends
  const { depth, mlpDepth, endTokens } = config
  const hidden = depth > 0 ? config.hidden : features
  const stage = (at: string, from: number) =>
    Array.from({ length: depth }, (_, i) => blockSpec(`${root}.${at}.b${i + 1}`, i === 0 ? from : hidden, hidden))
  return {
    preNorm: config.preNorm ? norm(`${root}.prenorm`, features) : undefined,
    positions: config.positions ? shared(`${root}.pos_emb`, positions, features) : undefined,
    before: stage('net.0', features),
    after: stage('net.2', hidden),
    readout: Array.from({ length: mlpDepth }, (_, i) =>
      dense(i === 0 ? hidden : width, [`${root}.readout.${2 * i}`, width]),
    ),
    ends: endTokens > 0 ? shared(`${root}.eos_tokens`, endTokens, width) : undefined,
  }
}

export type CAbstractorWeights = Loaded<ReturnType<typeof cAbstractorSpec>>

/**
 * Features of images [B·N, Dv] → visual tokens [B·(M+e), D]: convolutions, pooling of the map to √M × √M and convolutions again, so that
 * each token stands for a region and its surroundings. Cha et al. 2024 (Honeybee), arXiv:2312.06742, section 3.2.
 */
export function cAbstractor(
  pass: Pass,
  weights: CAbstractorWeights,
  features: Tensor,
  { images, ends, config }: { images: number; ends: Ends; config: CAbstractorConfig },
): Tensor {
  const { size, to } = mapsOf(ends, config)
  const tokens = pass.scope(() => {
    const { preNorm, positions } = weights
    const normed = preNorm ? layerNorm(pass, { x: features, ...preNorm }, { eps: preNormEps }) : features
    const x = positions ? addRepeated(pass, { x: normed, y: positions }) : normed
    const local = stage(pass, weights.before, x, { images, size })
    const pooled = adaptivePool(pass, { x: local }, { size, to })
    return stage(pass, weights.after, pooled, { images, size: to })
  })
  const last = weights.readout.length - 1
  const y = weights.readout.reduce(
    (x, layer, i) => linear(pass, { x, ...layer }, { activation: i < last ? 'silu' : 'none' }),
    tokens,
  )
  return weights.ends ? appendRepeated(pass, { x: y, y: weights.ends }, { images }) : y
}

interface Maps {
  images: number
  size: MapSize
}

function stage(pass: Pass, blocks: CAbstractorWeights['before'], x: Tensor, maps: Maps): Tensor {
  return blocks.reduce((x, weights) => pass.scope(() => block(pass, weights, x, maps)), x)
}

/** RegNet's bottleneck of ratio 1 and group size 1, with LayerNorm and SiLU. Radosavovic et al. 2020, arXiv:2003.13678. */
function block(pass: Pass, weights: CAbstractorWeights['before'][number], x: Tensor, { images, size }: Maps): Tensor {
  const { conv1, norm1, conv2, norm2, conv3, norm3, shortcut } = weights
  const activated = { eps: normEps, kind: 'silu' } as const
  const wide = normActivation(pass, { x: linear(pass, { x, weight: conv1 }), ...norm1 }, activated)
  const local = normActivation(pass, { x: depthwise(pass, { x: wide, weight: conv2 }, size), ...norm2 }, activated)
  const gated = squeezeExcite(pass, { x: local, ...weights }, { maps: images })
  const residual = shortcut
    ? layerNorm(pass, { x: linear(pass, { x, weight: shortcut.conv }), ...shortcut.norm }, { eps: normEps })
    : x
  return normActivation(pass, { x: linear(pass, { x: gated, weight: conv3 }), ...norm3, residual }, activated)
}
