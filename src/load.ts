import { platform } from '#platform'
import type { LoadOptions, LoadProgress, Model, ModelSource, WeightStorage } from './api.ts'
import { readPreprocessorConfig } from './checkpoint/config.ts'
import type { ModelConfig } from './checkpoint/configTypes.ts'
import { BeagleError, throwIfAborted } from './errors.ts'
import { contextOf } from './generate/kvCache.ts'
import { Session } from './generate/session.ts'
import { openTexts } from './generate/texts.ts'
import { warmUp } from './generate/warmUp.ts'
import { Gpu } from './gpu/device.ts'
import { describeModel } from './inspect.ts'
import { LoadedModel } from './loadedModel.ts'
import { type LmmWeights, lmmWeights } from './models/lmm.ts'
import { openModel } from './models/open.ts'
import { proveProjector } from './models/projectors/proofs.ts'
import { storageOf } from './models/storage.ts'
import type { SpecTree, Use } from './models/tree.ts'
import { upload } from './models/upload.ts'
import { Offers } from './offers.ts'
import { type SelfTestPlan, selfTest } from './ops/selfTest.ts'
import { openSource } from './source.ts'

const storages: WeightStorage[] = ['q4', 'q8', 'f16', 'f32']

/**
 * Loads a model: reads its configs, brings its weights onto the GPU in the storage asked for, and compiles its kernels. Whatever
 * fails, nothing stays on the GPU. Throws a `BeagleError` that says what to do.
 */
export async function load(source: ModelSource, options: LoadOptions = {}): Promise<Model> {
  const start = performance.now()
  const { signal, weights = 'q4' } = options
  if (!storages.includes(weights))
    throw new BeagleError('bad-argument', `Weights are stored as ${storages.join(', ')}; got "${weights}".`)
  const report = progressReporter(options.onProgress)
  report('files', 'config.json', 0, 0)
  const gpuReady = Gpu.open(options.gpu ?? platform.gpu())
  gpuReady.catch(() => {})
  try {
    const opened = await openSource(source, options.cache)
    const model = await openModel(opened.files, signal)
    const texts = await openTexts(opened.files, model.config, signal)
    const unwritten = model.config.kind === 'llava' ? model.config.preprocessor : undefined
    const preprocessor = (await readPreprocessorConfig(opened.files, signal)) ?? unwritten ?? {}
    const maxContext = contextOf(model.config.text, options.maxContext)
    const gpu = await gpuReady
    const uploaded = await upload(gpu, model.spec, model.tensors, {
      weights,
      signal,
      onBytes: (item, done, total) => report('weights', item, done, total),
    })
    const loaded = lmmWeights(uploaded, model.config)
    await opened.cached?.finish(signal)
    const bringEncoder = async () => {
      const { encoder } = model.spec as { encoder: SpecTree }
      loaded.encoder = (await upload(gpu, encoder, model.tensors, { weights })) as LmmWeights['encoder']
    }
    const parts = {
      gpu,
      weights: loaded,
      config: model.config,
      ...texts,
      preprocessor,
      maxContext,
      loadMs: 0,
      bringEncoder,
    }
    const session = new Session(parts)
    const prove = async () => {
      report('kernels', 'self-test', 0, 0)
      await selfTest(gpu, testPlan(model.config, weights))
      if (model.config.kind === 'llava') await proveProjector(gpu, model.config.projector)
      await warmUp(gpu, loaded, model.config, session, (done, total) => report('kernels', 'kernels', done, total))
    }
    const proved = prove()
    proved.catch(() => {})
    if (options.warmUp !== 'background') await proved
    throwIfAborted(signal)
    parts.loadMs = performance.now() - start
    report('ready', opened.files.origin, model.totalBytes, model.totalBytes)
    const offers = new Offers(opened.beside)
    const info = { ...describeModel(model, opened.files.origin), weights, maxContext }
    return new LoadedModel({ gpu, weights: loaded, session, opened: model, offers, proved, info })
  } catch (error) {
    const gpu = await gpuReady.catch(() => undefined)
    gpu?.dispose()
    throw gpu?.failure?.code === 'out-of-memory' ? gpu.failure : error
  }
}

/** The storages and head widths that the model uses. */
function testPlan(config: ModelConfig, weights: WeightStorage): SelfTestPlan {
  const storages = (...uses: Use[]) => [...new Set(uses.map((use) => storageOf(weights, use)))]
  const eyes = config.kind === 'llava' ? config.vision : undefined
  return {
    linear: eyes ? storages('exact', 'encoder', 'decoder') : storages('decoder'),
    matvec: storages('decoder', 'embedding'),
    headWidths: [...new Set([...(eyes ? [eyes.hidden / eyes.heads] : []), config.text.headDim])],
  }
}

/** Adds the seconds left, from the mean rate of the stage. */
function progressReporter(onProgress: LoadOptions['onProgress']) {
  let stage: LoadProgress['stage'] | undefined
  let stageStart = 0
  return (next: LoadProgress['stage'], item: string, loadedBytes: number, totalBytes: number) => {
    const now = performance.now()
    if (next !== stage) stageStart = now
    stage = next
    const elapsed = (now - stageStart) / 1000
    const known = loadedBytes > 0 && totalBytes > 0 && elapsed > 0.2
    const secondsLeft = known ? (elapsed * (totalBytes - loadedBytes)) / loadedBytes : undefined
    onProgress?.({ stage: next, item, loadedBytes, totalBytes, secondsLeft })
  }
}
