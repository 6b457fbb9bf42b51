import { BeagleError } from '../errors.ts'
import { trainedWeights } from '../models/projectors/projector.ts'
import type { TeachEvent, TeachOptions, TeachPlan, TeachResult, TeachSettings } from '../teachApi.ts'
import type { Classroom, Example } from './classroom.ts'
import { enrol, type Pupil } from './enrol.ts'
import { evaluate } from './evaluate.ts'
import { Features } from './features.ts'
import { fingerprintOf } from './fingerprint.ts'
import { foresee } from './foresee.ts'
import { Guard } from './guard.ts'
import { assemble, countLabels, Desk } from './lesson.ts'
import { reserve } from './memory.ts'
import { holdOut, microBatches, stepsOf } from './order.ts'
import { type Parameter, releaseParameters, trainable } from './parameters.ts'
import { sampleAnswers } from './samples.ts'
import { learningRateAt } from './schedule.ts'
import { readState, recallState, restore, type State, save, stateFile } from './state.ts'
import { type Bench, runExamination, runMicroStep } from './step.ts'

const defaultSamples = 6

/** See `Model.teach`. */
export async function* train(
  room: Classroom,
  examples: readonly Example[],
  settings: TeachSettings,
  options: Omit<TeachOptions, 'settings'>,
): AsyncGenerator<TeachEvent, void, void> {
  const parameters = trainable(room.gpu, trainedWeights(room.weights.projector!))
  const features = new Features(room.gpu, room.featureShape, room.model, options.store)
  const desk = new Desk(room.gpu)
  try {
    yield* new Training(room, examples, options, settings, parameters, features, desk).run()
  } finally {
    features.dispose()
    desk.dispose()
    releaseParameters(room.gpu, parameters)
  }
}

class Training {
  private readonly losses: number[] = []
  private step = 0
  private saved = -1
  private good!: State
  private trained: Pupil[] = []
  private heldOut: Pupil[] = []
  private bench!: Bench
  private plan!: TeachPlan
  private fingerprint = ''
  private readonly start = performance.now()

  constructor(
    private readonly room: Classroom,
    private readonly examples: readonly Example[],
    private readonly options: TeachOptions,
    private readonly settings: TeachSettings,
    private readonly parameters: readonly Parameter[],
    private readonly features: Features,
    private readonly desk: Desk,
  ) {}

  async *run(): AsyncGenerator<TeachEvent, void, void> {
    yield* this.prepare()
    yield { type: 'plan', plan: this.plan }
    let finished = false
    try {
      if (this.step === 0) yield* this.evaluation()
      const reason = yield* this.steps()
      finished = true
      yield { type: 'done', result: await this.result(reason) }
    } finally {
      if (!finished && !this.room.gpu.failure) await this.keep()
    }
  }

  /** Tokens of all examples, features of all images, the split, the forecast and, where one goes on, the state. */
  private async *prepare(): AsyncGenerator<TeachEvent, void, void> {
    const { room, settings, options } = this
    const { pupils, skipped } = yield* enrol(room, this.examples, settings, this.features, options.signal)
    if (settings.releaseEncoder) await room.turn(async () => room.releaseEncoder())
    const split = holdOut(pupils, settings.evalFraction, settings.seed)
    this.trained = split.train.map((i) => pupils[i]!)
    this.heldOut = split.heldOut.map((i) => pupils[i]!)
    if (this.trained.length === 0) {
      const why = skipped[0]
        ? ` The first of ${skipped.length} problems: ${skipped[0].where}: ${skipped[0].message}`
        : ''
      throw new BeagleError('bad-argument', `There is nothing to train on: no example can be used.${why}`)
    }
    this.fingerprint = await fingerprintOf(room.model, settings, [this.trained, this.heldOut])
    const steps = stepsOf(settings, this.trained.length)
    const { trained, heldOut, parameters, features } = this
    const memory = foresee(room, { trained, heldOut, settings, steps, parameters, features })
    await reserve(room.gpu, memory, settings.memoryLimit)
    const { gpu, weights, config } = room
    this.bench = { gpu, weights, config, parameters: this.parameters, recompute: memory.recompute }
    await this.recall()
    this.plan = {
      settings,
      trainExamples: this.trained.length,
      evalExamples: this.heldOut.length,
      heldOut: this.heldOut.map(({ example }) => example),
      steps,
      firstStep: this.step + 1,
      answerTokens: this.trained.reduce((sum, tokens) => sum + countLabels(tokens), 0),
      longestTokens: Math.max(...pupils.map(({ ids }) => ids.length)),
      skipped,
      memory,
    }
  }

  /** The state to begin with: the store's where one goes on from it. */
  private async recall(): Promise<void> {
    const { gpu, turn } = this.room
    const { store, resume } = this.options
    const state = store && resume ? await recallState(store, this.fingerprint) : undefined
    this.good = state ?? (await turn(() => readState(gpu, this.parameters, 0, [])))
    if (!state) return
    restore(gpu, this.parameters, state)
    this.losses.push(...state.losses)
    this.step = state.step
    this.saved = state.step
  }

  private async *steps(): AsyncGenerator<TeachEvent, TeachResult['reason'] | { advice: string }, void> {
    const { settings, plan, room, options } = this
    const guard = new Guard(this.losses)
    const begin = performance.now()
    const first = this.step
    while (this.step < plan.steps) {
      if (options.signal?.aborted) return 'stopped'
      const step = this.step + 1
      const learningRate = learningRateAt(step, plan.steps, settings)
      const from = performance.now()
      const { loss, norm, ms } = await this.oneStep(step, learningRate)
      const advice = guard.see(loss, norm)
      if (advice) {
        restore(room.gpu, this.parameters, this.good)
        this.step = this.good.step
        return { advice }
      }
      this.losses.push(loss)
      this.step = step
      const each = (performance.now() - begin) / 1000 / (step - first)
      yield {
        type: 'step',
        step,
        loss,
        gradNorm: norm,
        learningRate,
        ms,
        examplesPerSecond: (1000 * settings.batchSize * settings.accumulate) / (performance.now() - from),
        secondsLeft: each * (plan.steps - step),
      }
      if (step % settings.saveEvery === 0 && step < plan.steps) {
        await this.keep()
        if (options.store) yield { type: 'saved', step }
      }
      const due = settings.evalEvery > 0 && step % settings.evalEvery === 0
      if (due || step === plan.steps) yield* this.evaluation()
    }
    return 'finished'
  }

  private async oneStep(step: number, learningRate: number): Promise<{ loss: number; norm: number; ms: number }> {
    const { settings, room } = this
    const lengths = this.trained.map(({ ids }) => ids.length)
    const groups = microBatches(lengths, step, settings).map((group) => group.map((i) => this.trained[i]!))
    const labels = groups.flat().reduce((sum, pupil) => sum + countLabels(pupil), 0)
    let total = 0
    let norm = 0
    let ms = 0
    for (const [micro, pupils] of groups.entries()) {
      await room.turn(async () => {
        const from = performance.now()
        const images = await this.features.of(pupils.map(({ key }) => key))
        const lesson = this.desk.lay(assemble(pupils, room.config.imageTokenId), images)
        const last = micro === groups.length - 1
        const update = last ? { step, settings: { ...settings, learningRate } } : undefined
        const read = await runMicroStep(this.bench, { lesson, scale: 1 / labels, first: micro === 0, update })
        total += read.losses.reduce((sum, loss) => sum + loss, 0)
        norm = read.norm
        ms += performance.now() - from
      })
    }
    return { loss: total / labels, norm, ms }
  }

  /** Loss and exact match of what was held out, and some answers in words; a stop ends it early. */
  private async *evaluation(): AsyncGenerator<TeachEvent, void, void> {
    const { heldOut, room, features, desk, bench, settings, options } = this
    if (heldOut.length === 0) return
    const { signal } = options
    const shown = heldOut.slice(0, options.sampleAnswers ?? defaultSamples)
    try {
      const found = await evaluate(heldOut, { batchSize: settings.batchSize, signal }, (pupils) =>
        room.turn(async () => {
          const images = await features.of(pupils.map(({ key }) => key))
          const batch = assemble(pupils, room.config.imageTokenId)
          return { batch, ...(await runExamination(bench, desk.lay(batch, images))) }
        }),
      )
      const answers = await sampleAnswers(shown, signal, (pupil, ids) =>
        room.turn(async () => {
          const [own] = await features.of([pupil.key])
          return room.say(ids, { features: own!, instruction: pupil.instruction }, bench.weights)
        }),
      )
      yield { type: 'evaluation', step: this.step, ...found, answers }
    } catch (error) {
      if (!(error instanceof BeagleError && error.code === 'aborted')) throw error
    }
  }

  /** Keeps the present state as the last good one, here and in the store. */
  private async keep(): Promise<void> {
    if (this.saved === this.step || !this.bench) return
    this.good = await this.room.turn(() => readState(this.room.gpu, this.parameters, this.step, this.losses))
    if (this.options.store) await save(this.options.store, this.good, this.fingerprint)
    this.saved = this.step
  }

  private async result(end: TeachResult['reason'] | { advice: string }): Promise<TeachResult> {
    const { plan, settings, options, room } = this
    if (end === 'stopped') await this.keep()
    if (end === 'finished') await options.store?.delete(stateFile)
    const { projector } = settings
    const provenance = {
      examples: plan.trainExamples,
      steps: this.step,
      loss: this.losses.at(-1),
      settings: { ...settings, projector: typeof projector === 'object' && 'file' in projector ? 'file' : projector },
      about: options.about,
    }
    return {
      reason: typeof end === 'string' ? end : 'diverged',
      advice: typeof end === 'string' ? undefined : end.advice,
      step: this.step,
      steps: plan.steps,
      seconds: (performance.now() - this.start) / 1000,
      losses: this.losses,
      projector: await room.turn(() => room.file(provenance)),
    }
  }
}
