import { describe, expect, it } from 'vitest'
import type { ProjectorConfig } from '../src/checkpoint/configTypes.ts'
import { imaginedGpu } from '../src/gpu/imagined.ts'
import type { Ends } from '../src/models/projectors/ends.ts'
import { freshProjector } from '../src/models/projectors/fresh.ts'
import { project } from '../src/models/projectors/projector.ts'
import { loadProjector } from '../src/models/projectors/values.ts'
import { release } from '../src/models/upload.ts'
import { sums } from '../src/ops/add.ts'
import { Pass } from '../src/tensor/pass.ts'
import { Tape } from '../src/tensor/tape.ts'
import { testGpu } from '../src/testing/testGpu.ts'
import { releaseParameters, trainable } from '../src/train/parameters.ts'
import { type Operations, operationsOf } from './operations.ts'

type Params = Record<string, number>

const p = (params: Params, ...names: string[]) => names.reduce((product, name) => product * params[name]!, 1)

/** What the dispatches of each kernel compute together, by the kernel's file and entry point. */
const costs: [RegExp, (params: Params) => number][] = [
  [/^linear(Shuffled)?\/forward/, (of) => 2 * p(of, 'rows', 'cols', 'outs')],
  [/^linearGradient(Shuffled)?\//, (of) => 2 * p(of, 'rows', 'cols', 'outs')],
  [/^matvec(Shuffled)?\//, (of) => 2 * p(of, 'cols', 'outs')],
  [/^attention(Shuffled)?\/forward/, (of) => 4 * p(of, 'rows', 'keys', 'heads') * headWidth],
  [/^attentionGradient(Shuffled)?\/(rows|keys)/, (of) => 4 * p(of, 'rows', 'keys', 'heads') * headWidth],
  [/^depthwise\//, (of) => 18 * p(of, 'maps', 'height', 'width', 'channels')],
  [
    /^deformableSampling\/(forward|backwardPoints|backwardValue)/,
    (of) => 8 * p(of, 'queries', 'heads', 'points', 'width'),
  ],
]

const headWidth = 4

/** A pass that runs nothing and adds up what its dispatches would compute. */
class CountingPass extends Pass {
  total = 0

  override run(...[kernel, , params]: Parameters<Pass['run']>): void {
    const name = `${kernel.shader}/${kernel.entry}`
    this.total += costs.find(([pattern]) => pattern.test(name))?.[1](params) ?? 0
  }
}

/** What the operations that a projector records on its tape would compute. */
async function dispatched(ends: Ends, config: ProjectorConfig): Promise<Operations> {
  const real = await testGpu()
  const projector = await loadProjector(real, ends, config, freshProjector(ends, config, 1))
  const parameters = trainable(real, projector.weights)
  const gpu = imaginedGpu(real)
  const pass = new CountingPass(gpu, 'count')
  const features = pass.scratch([ends.positions * ends.levels, ends.features])
  const tape = new Tape(new Map(parameters.map(({ operand, gradient }) => [operand, gradient])), sums)
  pass.tape = tape
  const y = project(pass, projector, features)
  const forward = pass.total
  tape.backward(pass, y, pass.scratch(y.shape))
  releaseParameters(real, parameters)
  release(real, projector.weights)
  return { forward, backward: pass.total - forward }
}

const ends: Ends = { positions: 16, levels: 1, features: 12, width: 20 }
const cAbs = {
  type: 'c-abs',
  tokens: 9,
  hidden: 8,
  depth: 2,
  mlpDepth: 2,
  positions: true,
  preNorm: false,
  endTokens: 0,
} as const
const dAbs = {
  ...({ type: 'd-abs', tokens: 9, hidden: 8, layers: 2, heads: 2, points: 3, ffn: 28, levels: 1 } as const),
  ...({ positions: true, pooled: 'query', learnedPoints: true, endTokens: 2 } as const),
}
const resampler = {
  ...({ type: 'resampler', tokens: 5, hidden: 8, layers: 2, heads: 2, ffn: 28, eps: 1e-6 } as const),
  ...({ positions: false, endTokens: 2 } as const),
}
const qFormer = {
  ...({ type: 'q-former', tokens: 3, hidden: 8, layers: 3, heads: 2, ffn: 20, vocab: 5, maxPositions: 4 } as const),
  ...({ crossEvery: 2, eps: 1e-12, output: true } as const),
}

describe('the operations of a projector', () => {
  const cases: [string, Ends, ProjectorConfig][] = [
    ['linear', ends, { type: 'linear', act: 'geluErf', bias: true }],
    ['mlp2x_gelu', ends, { type: 'mlp2x_gelu', act: 'geluErf', bias: true }],
    ['mlp of three layers', ends, { type: 'mlp', depth: 3, act: 'silu' }],
    ['c-abs', ends, cAbs],
    ['c-abs of the same width without positions', { ...ends, features: 8 }, { ...cAbs, positions: false }],
    ['c-abs that only pools', ends, { ...cAbs, depth: 0, positions: false }],
    ['d-abs', ends, dAbs],
    ['d-abs of the same width', { ...ends, features: 8, width: 8 }, dAbs],
    ['d-abs of two levels', { ...ends, levels: 2 }, { ...dAbs, levels: 2, pooled: 'none' }],
    ['resampler', ends, resampler],
    ['resampler with positions', ends, { ...resampler, positions: true }],
    ['q-former', ends, qFormer],
  ]
  for (const [name, between, config] of cases) {
    it(`are those that ${name} dispatches`, async () => {
      expect(operationsOf(between, config)).toEqual(await dispatched(between, config))
    })
  }

  it('are those of the paper’s C-Abstractor, counted by hand', () => {
    const paper = { ...cAbs, tokens: 144, hidden: 1024, depth: 3 }
    const pixels = 3 * (256 + 144)
    const blocks = pixels * (2 * 2 * 1024 ** 2 + 18 * 1024) + 6 * 2 * 2 * 256 * 1024
    const readout = 144 * 2 * (1024 * 4096 + 4096 ** 2)
    const { forward } = operationsOf({ positions: 256, levels: 1, features: 1024, width: 4096 }, paper)
    expect(forward).toBe(blocks + readout)
  })
})
