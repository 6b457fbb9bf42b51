import type { ModelInfo } from './api.ts'
import { readFloat32, readTensor } from './checkpoint/checkpoint.ts'
import type { LlavaConfig, ProjectorConfig } from './checkpoint/configTypes.ts'
import type { TensorToWrite } from './checkpoint/writeSafetensors.ts'
import { BeagleError } from './errors.ts'
import type { Gpu } from './gpu/device.ts'
import type { LmmWeights } from './models/lmm.ts'
import type { OpenedModel } from './models/open.ts'
import { endsOf } from './models/projectors/ends.ts'
import { type Provenance, projectorMetadata, readProjectorFile, writeProjectorFile } from './models/projectors/file.ts'
import { freshProjector } from './models/projectors/fresh.ts'
import { freshConfig, freshLike, planFresh } from './models/projectors/freshConfig.ts'
import { type Projector, projectorSpec, visualTokensOf } from './models/projectors/projector.ts'
import { proveProjector } from './models/projectors/proofs.ts'
import { loadProjector, type ProjectorValues, readProjector } from './models/projectors/values.ts'
import { leavesOf, loadedLeaves, parametersOf, type SpecTree } from './models/tree.ts'
import { release } from './models/upload.ts'
import type { FreshPlan, FreshProjector, ProjectorInfo, ProjectorStart, ProjectorType } from './teachApi.ts'
import { weightBytes } from './tensor/weight.ts'

const base = 'base'

interface Kept {
  projector: Projector
  metadata: Record<string, string>
}

/**
 * The projectors of a loaded model, of which it uses one: `weights.projector`. The checkpoint's own is called `base` and stays in the
 * storage in which the model was loaded; the others are f32.
 */
export class Projectors {
  private readonly kept = new Map<string, Kept>()

  constructor(
    private readonly gpu: Gpu,
    private readonly weights: LmmWeights,
    private readonly model: OpenedModel,
    private readonly info: Pick<ModelInfo, 'name' | 'origin' | 'architecture'>,
  ) {
    if (weights.projector) this.kept.set(base, { projector: weights.projector, metadata: {} })
  }

  /** The checkpoint's own first, then in the order in which they came. */
  list(): ProjectorInfo[] {
    return [...this.kept].map(
      ([
        name,
        {
          projector,
          metadata: { format, ...provenance },
        },
      ]) => ({
        name,
        type: projector.config.type,
        visualTokens: visualTokensOf(projector),
        parameters: parametersOf(projector.spec),
        bytes: bytesOf(projector),
        active: projector === this.weights.projector,
        fresh: freshLike(projector.config),
        provenance,
      }),
    )
  }

  /** See `Model.addProjector`. */
  async add(name: string, file: Uint8Array): Promise<ProjectorInfo> {
    const { config, values, metadata } = await readProjectorFile(file, this.eyes)
    await proveProjector(this.gpu, config)
    const projector = await loadProjector(this.gpu, endsOf(this.eyes), config, values)
    if (name.trim() === '' || this.kept.has(name)) {
      release(this.gpu, projector.weights)
      const why = this.kept.has(name) ? `There is a projector "${name}" already` : 'A projector needs a name'
      throw new BeagleError('bad-argument', `${why}. Choose another name.`)
    }
    this.kept.set(name, { projector, metadata })
    return this.list().at(-1)!
  }

  use(name: string): void {
    this.weights.projector = this.named(name).projector
  }

  /** Takes a projector off the GPU; where it is in use, the checkpoint's own comes in its place. */
  remove(name: string): void {
    const { projector } = this.named(name)
    if (name === base) {
      throw new BeagleError(
        'bad-argument',
        'The checkpoint’s own projector cannot be removed. Use another in its place.',
      )
    }
    if (projector === this.weights.projector) this.use(base)
    this.kept.delete(name)
    release(this.gpu, projector.weights)
  }

  /** Releases the projectors that are not in use; the one in use belongs to the weights. */
  dispose(): void {
    for (const { projector } of this.kept.values()) {
      if (projector !== this.weights.projector) release(this.gpu, projector.weights)
    }
    this.kept.clear()
  }

  /** A projector's file; the checkpoint's own has its tensors as they stand in the checkpoint. */
  async export(name: string): Promise<Uint8Array<ArrayBuffer>> {
    const { projector, metadata } = this.named(name)
    const about = { ...projectorMetadata(this.info, projector.config), ...metadata }
    if (name !== base) return this.write(projector, await readProjector(this.gpu, projector), about)
    const tensors: Record<string, TensorToWrite> = {}
    for (const ref of this.baseTensors()) {
      tensors[ref.canonical] = { shape: ref.shape, dtype: ref.dtype, data: await readTensor(ref) }
    }
    return writeProjectorFile(projector.config, this.model.layout, tensors, about)
  }

  /** The file of a projector that was trained for this model. */
  file(config: ProjectorConfig, values: ProjectorValues, provenance: Provenance): Uint8Array<ArrayBuffer> {
    const spec = projectorSpec(endsOf(this.eyes), config)
    return this.write({ config, spec }, values, projectorMetadata(this.info, config, provenance))
  }

  /** See `Model.planProjector`. */
  plan(start: ProjectorType | FreshProjector): FreshPlan {
    return planFresh(start, this.eyes)
  }

  /** What a training begins with; `seed` is for a fresh one. */
  async start(start: ProjectorStart, seed: number): Promise<{ config: ProjectorConfig; values: ProjectorValues }> {
    if (start === 'base') return this.own()
    if (typeof start === 'object' && 'file' in start) return readProjectorFile(start.file, this.eyes)
    const config = freshConfig(start, this.eyes)
    return { config, values: freshProjector(endsOf(this.eyes), config, seed) }
  }

  /** The checkpoint's own projector, in f32 as the checkpoint has it. */
  private async own(): Promise<{ config: ProjectorConfig; values: ProjectorValues }> {
    const values: ProjectorValues = {}
    for (const ref of this.baseTensors()) values[ref.canonical] = await readFloat32(ref)
    return { config: this.eyes.projector, values }
  }

  private baseTensors() {
    const { spec } = this.named(base).projector
    const names = leavesOf(spec).flatMap(({ sources }) => sources.map(({ name }) => name))
    return names.map((canonical) => ({ ...this.model.tensors.get(canonical)!, canonical }))
  }

  private write(
    { config, spec }: { config: ProjectorConfig; spec: SpecTree },
    values: ProjectorValues,
    metadata: Record<string, string>,
  ) {
    const sources = leavesOf(spec).flatMap((leaf) => leaf.sources)
    const tensors = sources.map(({ name, shape }) => [name, { shape, data: values[name]! }] as const)
    return writeProjectorFile(config, this.model.layout, Object.fromEntries(tensors), metadata)
  }

  private get eyes(): LlavaConfig {
    const { config } = this.model
    if (config.kind === 'llava') return config
    throw new BeagleError(
      'bad-argument',
      `${config.architecture} reads text only and has no place for a projector. Load a LLaVA model.`,
    )
  }

  private named(name: string): Kept {
    const kept = this.kept.get(name)
    if (kept) return kept
    const names = [...this.kept.keys()].map((known) => `"${known}"`).join(', ') || 'none'
    throw new BeagleError('bad-argument', `There is no projector "${name}"; there is ${names}. Add it first.`)
  }
}

function bytesOf({ spec, weights }: Projector): number {
  return loadedLeaves(spec, weights).reduce((sum, [, operand]) => {
    return sum + ('parts' in operand ? weightBytes(operand.rows, operand.cols, operand.storage) : operand.buffer.size)
  }, 0)
}
