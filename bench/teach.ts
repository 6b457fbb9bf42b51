import { load } from '../src/index.ts'
import type { LoadedModel, ModelParts } from '../src/loadedModel.ts'
import { study } from '../src/models/lmm.ts'
import { endsOf } from '../src/models/projectors/ends.ts'
import { freshProjector } from '../src/models/projectors/fresh.ts'
import { loadProjector } from '../src/models/projectors/values.ts'
import { teachDefaults } from '../src/teachApi.ts'
import { execute, stateTensor, upload } from '../src/tensor/execute.ts'
import type { Pass } from '../src/tensor/pass.ts'
import { seeded } from '../src/tensor/random.ts'
import { assemble, Desk } from '../src/train/lesson.ts'
import { forecast } from '../src/train/memory.ts'
import { descend, releaseParameters, trainable } from '../src/train/parameters.ts'
import { learn, type MicroStep, runMicroStep, type Bench as StepBench } from '../src/train/step.ts'
import { takeTurns } from './measure.ts'
import { halfBillionShape, pocketShape, shapeFiles } from './shapes.ts'
import type { Bench, Table } from './table.ts'

const batch = 4
const visualTokens = 64
const textTokens = 32
/** The last tokens of the text are the answer. */
const labels = 16

/** Milliseconds of a projector-only step of tfjs 4.22 and jax-js 0.1.25 in headless Chromium on lavapipe, and of PyTorch on the two cores. */
const peers = { tfjs: 1340, jaxJs: 1410, pytorch: 66 }

/** One step of teaching a projector, split, and its memory beside the forecast, with the layers' activations kept and computed again. */
export const teach: Bench = async (context) => [
  await measure(context, 'the pocket’s shape, decoder 6 × 256', pocketShape, 15),
  await measure(context, '0.5B-like, decoder 2 × 896 of 24, vocabulary 151,936', halfBillionShape, 2),
]

async function measure(
  { gpu, log }: Parameters<Bench>[0],
  title: string,
  shape: typeof pocketShape | typeof halfBillionShape,
  runs: number,
): Promise<Table> {
  const rows: (string | number)[][] = []
  for (const recompute of [false, true]) {
    const model = (await load(
      { kind: 'files', files: shapeFiles(shape), name: title },
      { gpu, cache: false },
    )) as LoadedModel
    const row = await measureSteps((model as unknown as { parts: ModelParts }).parts, recompute, runs)
    rows.push([recompute ? 'computed again' : 'kept', ...row])
    log(`${title}, activations ${recompute ? 'computed again' : 'kept'}: ${row[3]!.toFixed(0)} ms a step`)
    model.dispose()
  }
  const small = shape === pocketShape
  return {
    title: `Teach: ${title}, mlp2x_gelu, q4; batch ${batch} × (${visualTokens} visual + ${textTokens} text) tokens`,
    note:
      `Medians of ${runs}. ` +
      (small
        ? `To beat, ms per step of this shape in f32: tfjs ${peers.tfjs}, jax-js ${peers.jaxJs}; target ${Math.round(peers.tfjs / 3)}; PyTorch on two cores ${peers.pytorch}.`
        : 'A step should cost at most four times the forward pass.'),
    columns: [
      'activations',
      'forward, ms',
      'backward, ms',
      'optimizer, ms',
      'step, ms',
      'step / forward',
      'forecast, MB',
      'taken, MB',
      'of forecast, %',
    ],
    rows,
  }
}

async function measureSteps(parts: ModelParts, recompute: boolean, runs: number): Promise<number[]> {
  const { gpu, weights, opened } = parts
  const { config } = opened
  if (config.kind !== 'llava') throw new Error('A model with eyes was expected.')
  const random = seeded(3)
  const ends = endsOf(config)
  const projector = await loadProjector(gpu, ends, config.projector, freshProjector(ends, config.projector, 1))
  const parameters = trainable(gpu, projector.weights)
  const features = stateTensor(gpu, 'features', [visualTokens, config.vision.hidden])
  upload(
    gpu,
    features,
    Float32Array.from({ length: visualTokens * config.vision.hidden }, () => random() - 0.5),
  )
  const { imageTokenId } = config
  const examples = Array.from({ length: batch }, () => {
    const words = Array.from({ length: textTokens }, () => 4 + Math.floor(2000 * random()))
    const ids = [...Array<number>(visualTokens).fill(imageTokenId), ...words]
    return { ids, labels: ids.map((_, i) => (i >= ids.length - labels - 1 && i < ids.length - 1 ? ids[i + 1]! : -100)) }
  })
  const update = { step: 1, settings: { ...teachDefaults, learningRate: 1e-4 } }
  const before = gpu.memory.total
  const { activations: planned } = forecast(gpu, {
    recompute: recompute ? 'always' : 'never',
    limit: 0,
    parameters: 0,
    present: 0,
    features: 0,
    passes: (imagined) => [
      (pass) =>
        void learn(
          pass,
          { weights: { ...weights, projector }, config, parameters, recompute },
          { ...micro(new Desk(imagined)), update },
        ),
    ],
  })
  const desk = new Desk(gpu)
  const bench: StepBench = { gpu, weights: { ...weights, projector }, config, parameters, recompute }
  function micro(on: Desk): MicroStep {
    const lesson = on.lay(
      assemble(examples, imageTokenId),
      examples.map(() => features),
    )
    return { lesson, scale: 1 / (batch * labels), first: true }
  }
  const losses: number[] = []
  for (let step = 1; step <= 3; step++) {
    const read = await runMicroStep(bench, { ...micro(desk), update: { ...update, step } })
    losses.push(read.losses.reduce((sum, loss) => sum + loss, 0) / read.losses.length)
  }
  if (!(losses[2]! < losses[0]!)) throw new Error(`The loss must fall from step to step, found ${losses.join(', ')}.`)
  const lesson = micro(desk)
  const run = async (body: (pass: Pass) => void) => {
    await execute(gpu, 'bench', body)
    await gpu.settle()
  }
  const times = await takeTurns(runs, [
    () => run((pass) => void study(pass, bench.weights, config, lesson.lesson, { scale: 0, recompute: false })),
    () => run((pass) => void learn(pass, bench, lesson)),
    () => run((pass) => void descend(pass, parameters, update.step, update.settings)),
    () => runMicroStep(bench, { ...micro(desk), update }),
  ])
  const [forward, both, optimizer, step] = times.map(({ median }) => median)
  const taken = gpu.memory.total - before
  releaseParameters(gpu, parameters)
  desk.dispose()
  return [
    forward!,
    both! - forward!,
    optimizer!,
    step!,
    step! / forward!,
    planned / 1e6,
    taken / 1e6,
    (100 * taken) / planned,
  ]
}
