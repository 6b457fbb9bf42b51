import type { ProjectorConfig } from '../../checkpoint/configTypes.ts'
import { isLlavaProjector } from '../../checkpoint/projectorConfig.ts'
import { normal, seeded } from '../../tensor/random.ts'
import { sizeOf } from '../../tensor/tensor.ts'
import { leavesOf } from '../tree.ts'
import { evenReferencePoints } from './dAbstractor.ts'
import type { Ends } from './ends.ts'
import { projectorSpec } from './projector.ts'
import type { ProjectorValues } from './values.ts'

type Source = { name: string; shape: readonly number[] }

/** A tensor's first values. */
type Start = (source: Source, random: () => number) => Float32Array<ArrayBuffer>

/**
 * A projector that has learned nothing. LLaVA's connectors begin as PyTorch begins its linear layers: uniform within ±1/√inputs. The
 * abstractors begin as Honeybee's `post_init` leaves them: N(0, 0.02), biases 0, norms 1, and the D-Abstractor's reference points as an
 * even grid; its offsets thus begin near 0. The same seed gives the same values.
 */
export function freshProjector(ends: Ends, config: ProjectorConfig, seed: number): ProjectorValues {
  const random = seeded(seed)
  const sources = leavesOf(projectorSpec(ends, config)).flatMap((leaf) => leaf.sources)
  const start = isLlavaProjector(config) ? withinInputs(sources) : nearZero(ends)
  return Object.fromEntries(sources.map((source) => [source.name, start(source, random)]))
}

function withinInputs(sources: readonly Source[]): Start {
  const shapes = new Map(sources.map(({ name, shape }) => [name, shape]))
  return ({ name, shape }, random) => {
    const [, ...inputs] = shapes.get(name.replace(/\.bias$/, '.weight'))!
    const bound = 1 / Math.sqrt(sizeOf(inputs))
    return Float32Array.from({ length: sizeOf(shape) }, () => (2 * random() - 1) * bound)
  }
}

/** Norms by their names; a C-Abstractor calls them `bn`. */
const normWeight = /(^|[._])(bn|prenorm|norm\w*|layernorm|LayerNorm|layer_norm|ffn_ln)\.weight$/

const nearZero: (ends: Ends) => Start =
  ({ positions }) =>
  ({ name, shape }, random) => {
    if (name.endsWith('reference_points')) return evenReferencePoints(shape[1]!, positions)
    const values = new Float32Array(sizeOf(shape))
    if (name.endsWith('.bias')) return values
    return normWeight.test(name) ? values.fill(1) : values.map(() => 0.02 * normal(random))
  }
