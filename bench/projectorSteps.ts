import type { Gpu } from '../src/gpu/device.ts'
import { freshProjector } from '../src/models/projectors/fresh.ts'
import { type Projector, project, visualTokensOf } from '../src/models/projectors/projector.ts'
import { loadProjector } from '../src/models/projectors/values.ts'
import { parametersOf } from '../src/models/tree.ts'
import { release } from '../src/models/upload.ts'
import { sums } from '../src/ops/add.ts'
import { teachDefaults } from '../src/teachApi.ts'
import { execute, executeAndRead } from '../src/tensor/execute.ts'
import type { Pass } from '../src/tensor/pass.ts'
import { Tape } from '../src/tensor/tape.ts'
import type { Tensor } from '../src/tensor/tensor.ts'
import { forecast } from '../src/train/memory.ts'
import { descend, type Parameter, parameterBytes, releaseParameters, trainable } from '../src/train/parameters.ts'
import { noise, tensorOf } from './inputs.ts'
import { type Spread, takeTurns } from './measure.ts'
import type { ProjectorCase } from './projectorCases.ts'

export interface ProjectorStep {
  tokens: number
  parameters: number
  forward: Spread
  /** The forward pass and the gradients of all parameters. */
  both: Spread
  /** Both and the optimizer. */
  step: Spread
  /** Bytes of the parameters with gradients and moments. */
  held: number
  /** Bytes of a step besides, as foreseen and as found. */
  planned: number
  taken: number
}

interface Subject {
  projector: Projector
  parameters: Parameter[]
  features: Tensor
  dy: Tensor
  /** What `dy` holds. */
  flow: Float32Array
}

/** Times one projector on the features of one image; before, steps of training must lower Σ y · dy, and take what was foreseen. */
export async function measureProjector(
  gpu: Gpu,
  { ends, config }: ProjectorCase,
  runs: number,
): Promise<ProjectorStep> {
  const projector = await loadProjector(gpu, ends, config, freshProjector(ends, config, 1))
  const parameters = trainable(gpu, projector.weights)
  const tokens = visualTokensOf(projector)
  const features = tensorOf(gpu, [ends.positions * ends.levels, ends.features])
  const flow = noise(tokens * ends.width, 2)
  const dy = tensorOf(gpu, [tokens, ends.width], flow)
  const subject = { projector, parameters, features, dy, flow }
  const { planned, taken } = await prove(gpu, subject)
  const works = [
    (pass: Pass) => project(pass, projector, features),
    (pass: Pass) => gradients(pass, subject),
    (pass: Pass) => learn(pass, subject, 1),
  ]
  const times = await takeTurns(
    runs,
    works.map((work) => async () => {
      await execute(gpu, 'bench projector', (pass) => void pass.scope(() => work(pass)))
      await gpu.settle()
    }),
  )
  const [forward, both, step] = times as [Spread, Spread, Spread]
  const held = parameterBytes(parameters)
  releaseParameters(gpu, parameters)
  release(gpu, projector.weights)
  for (const { buffer } of [features, dy]) gpu.memory.destroy(buffer)
  gpu.memory.trim()
  return { tokens, parameters: parametersOf(projector.spec), forward, both, step, held, planned, taken }
}

/** Fails where a step does not lower Σ y · dy, or does not take the memory that was foreseen. */
async function prove(gpu: Gpu, subject: Subject): Promise<{ planned: number; taken: number }> {
  gpu.memory.trim()
  const before = gpu.memory.bytes.scratch
  const plan = { recompute: 'never', limit: 0, parameters: 0, present: 0, features: 0 } as const
  const { activations: planned } = forecast(gpu, { ...plan, passes: () => [(pass) => void learn(pass, subject, 1)] })
  const losses: number[] = []
  for (let number = 1; number <= 3; number++) {
    const { y } = await executeAndRead(gpu, 'prove projector', (pass) => ({ y: learn(pass, subject, number) }))
    losses.push(subject.flow.reduce((sum, value, i) => sum + value * y[i]!, 0))
  }
  const fell = losses.every((loss, i) => i === 0 || loss < losses[i - 1]!)
  if (!fell) throw new Error(`Σ y · dy must fall from step to step, found ${losses.join(', ')}.`)
  const taken = gpu.memory.bytes.scratch - before
  if (taken !== planned) throw new Error(`A step was to take ${planned} bytes of scratch, it took ${taken}.`)
  return { planned, taken }
}

/** Visual tokens, and behind them the gradients of all parameters, added to what is there. */
function gradients(pass: Pass, { projector, parameters, features, dy }: Subject): Tensor {
  const tape = new Tape(new Map(parameters.map(({ operand, gradient }) => [operand, gradient])), sums)
  pass.tape = tape
  return pass.scope(() => {
    const y = project(pass, projector, features)
    tape.backward(pass, y, dy)
    pass.tape = undefined
    return y
  })
}

/** A step of training, by the visual tokens that it began with. */
function learn(pass: Pass, subject: Subject, step: number): Tensor {
  for (const { gradient } of subject.parameters) pass.clear(gradient)
  const y = gradients(pass, subject)
  descend(pass, subject.parameters, step, { ...teachDefaults, learningRate: 1e-4 })
  return y
}
