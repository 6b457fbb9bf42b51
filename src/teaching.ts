import type { ModelInfo, WeightStorage } from './api.ts'
import type { ProjectorConfig, TextConfig } from './checkpoint/configTypes.ts'
import { BeagleError } from './errors.ts'
import { identify } from './generate/prompt.ts'
import type { Session } from './generate/session.ts'
import type { Gpu } from './gpu/device.ts'
import type { LmmWeights } from './models/lmm.ts'
import type { OpenedModel } from './models/open.ts'
import { endsOf, featureShape } from './models/projectors/ends.ts'
import { instructionTokensOf, visualTokensOf } from './models/projectors/projector.ts'
import { proveProjector } from './models/projectors/proofs.ts'
import { loadProjector, readProjector } from './models/projectors/values.ts'
import { storageOf } from './models/storage.ts'
import { release } from './models/upload.ts'
import { type GradientTestPlan, selfTestGradients } from './ops/selfTestGradients.ts'
import type { Projectors } from './projectors.ts'
import type { TeachEvent, TeachExample, TeachOptions } from './teachApi.ts'
import type { Classroom, Example } from './train/classroom.ts'
import { completeSettings } from './train/settings.ts'
import { train } from './train/training.ts'
import type { Turns } from './turns.ts'

/** What a loaded model brings to a training. */
interface Teacher {
  gpu: Gpu
  weights: LmmWeights
  session: Session
  opened: OpenedModel
  info: ModelInfo
  projectors: Projectors
  turns: Turns
}

/** Devices whose gradients are right. */
const proved = new WeakSet<Gpu>()

/** See `Model.teach`. */
export async function* teach(
  { gpu, weights, session, opened, info, projectors, turns }: Teacher,
  examples: readonly TeachExample[],
  options: TeachOptions,
): AsyncGenerator<TeachEvent, void, void> {
  const { config } = opened
  const { vision } = session
  if (config.kind !== 'llava' || !vision) {
    throw new BeagleError(
      'bad-argument',
      `${config.architecture} reads text only and has no projector to teach. Load a LLaVA model.`,
    )
  }
  const settings = completeSettings(options.settings)
  const start = await projectors.start(settings.projector, settings.seed)
  if (!proved.has(gpu)) {
    await turns.do('patient', () => selfTestGradients(gpu, testPlan(config.text, start.config, info.weights)))
    proved.add(gpu)
  }
  await turns.do('patient', () => proveProjector(gpu, start.config))
  const projector = await turns.do('patient', () => loadProjector(gpu, endsOf(config), start.config, start.values))
  const room: Classroom = {
    gpu,
    config,
    weights: { ...weights, projector },
    model: `${info.name}-${info.weights}`,
    featureShape: featureShape(endsOf(config)),
    tools: {
      ...session.tools,
      config,
      maxContext: config.text.maxPositions,
      visualTokens: visualTokensOf(projector),
      instructionTokens: instructionTokensOf(projector),
    },
    say: (ids, image, learned) => session.say(ids, image, learned),
    turn: (work) => turns.do('patient', work),
    releaseEncoder: () => vision.rest(),
    file: async (provenance) => projectors.file(start.config, await readProjector(gpu, projector), provenance),
  }
  const seen = examples.map(
    ({ image, turns: exchanges, name, kind }): Example => ({
      name,
      turns: exchanges,
      kind,
      see: async () => {
        const known = await identify(image)
        return { key: known.key, encode: () => vision.features(known, options.signal) }
      },
    }),
  )
  try {
    yield* train(room, seen, settings, options)
  } finally {
    release(gpu, projector.weights)
    gpu.memory.trim()
  }
}

/** What gradients pass through: the projector, which is trained in f32, the decoder and its head. */
function testPlan(text: TextConfig, projector: ProjectorConfig, weights: WeightStorage): GradientTestPlan {
  const storages = new Set([storageOf(weights, 'decoder'), storageOf(weights, 'embedding'), 'f32' as const])
  const activation = 'act' in projector && projector.act !== 'geluErf' ? projector.act : 'gelu'
  return { storages: [...storages], headWidth: text.headDim, theta: text.ropeTheta, activation }
}
