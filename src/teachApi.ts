import type { ImageInput } from './image/rgbImage.ts'
import type { FreshProjector, ProjectorType } from './projectorApi.ts'

export * from './projectorApi.ts'

/** One question and its answer; a caption has an empty question. */
export interface Exchange {
  question: string
  answer: string
}

/** What one image teaches: a conversation about it. */
export interface TeachExample {
  image: ImageInput
  turns: Exchange[]
  /** Names the example in reports, e.g. `scene7.png` or `lesson.jsonl:12`. */
  name: string
  /** A group in the reports, e.g. a folder's name or a kind of question. */
  kind?: string
}

export type Schedule = 'constant' | 'linear' | 'cosine'

/** Where the projector starts: the checkpoint's own (`base`), a fresh one, or a `.safetensors` of one. */
export type ProjectorStart = 'base' | ProjectorType | FreshProjector | { file: Uint8Array }

/** Every field has a default, see `teachDefaults`. */
export interface TeachSettings {
  projector: ProjectorStart
  /** Optimizer steps; 0 counts `epochs`. */
  steps: number
  epochs: number
  batchSize: number
  /** Micro-batches per step. */
  accumulate: number
  learningRate: number
  /** Where decay ends, and where the warm-up begins. */
  minLearningRate: number
  schedule: Schedule
  /** Steps of linear warm-up. */
  warmup: number
  weightDecay: number
  betas: [number, number]
  eps: number
  /** Largest global norm of the gradient; 0 does not clip. */
  clip: number
  /** Part of the examples that is held out and never trained on, 0 to 0.9; examples about one image stay together where there are four or more. */
  evalFraction: number
  /** Steps between evaluations; 0 evaluates before the first and after the last step only. */
  evalEvery: number
  seed: number
  /** `prompt`: only the assistant's words and the end token count; `none`: every text token counts. */
  mask: 'prompt' | 'none'
  /** `chat`: the model's own chat template; `plain`: image, caption, newline, as in LLaVA's first stage. */
  template: 'chat' | 'plain'
  /** Compute each layer's activations again in the backward pass (less memory), keep them (faster), or decide by the forecast. */
  recompute: 'auto' | 'always' | 'never'
  /** Steps between saves of the state, where there is a store. */
  saveEvery: number
  /** Most bytes on the GPU, model included; 0 for as much as the device gives. */
  memoryLimit: number
  /** The encoder's weights leave the GPU once all features are known; a chat brings them back. */
  releaseEncoder: boolean
}

/** Answer of the model to one held-out question. */
export interface SampleAnswer {
  /** Index into the examples as given. */
  example: number
  question: string
  expected: string
  said: string
}

/** What happens during a training, in order. */
export type TeachEvent =
  | { type: 'features'; done: number; total: number; secondsLeft?: number }
  | { type: 'plan'; plan: TeachPlan }
  | {
      type: 'step'
      step: number
      /** Mean cross-entropy per answer token, in nats. */
      loss: number
      /** Global norm before clipping. */
      gradNorm: number
      learningRate: number
      ms: number
      examplesPerSecond: number
      secondsLeft: number
    }
  | {
      type: 'evaluation'
      step: number
      loss: number
      /** Share of answers of which greedy decoding gets every token right. */
      exact: number
      count: number
      answers: SampleAnswer[]
    }
  | { type: 'saved'; step: number }
  | { type: 'done'; result: TeachResult }

/** What a training is going to do, known before its first step. */
export interface TeachPlan {
  settings: TeachSettings
  trainExamples: number
  evalExamples: number
  /** Indices of held-out examples. */
  heldOut: number[]
  steps: number
  /** The first step to be done; above 1 when a training goes on. */
  firstStep: number
  /** Tokens that count, in all training examples. */
  answerTokens: number
  longestTokens: number
  /** Examples that cannot be trained on (no answer, too long), and why. */
  skipped: DataProblem[]
  memory: TeachMemory
}

/** Bytes on the GPU. */
export interface TeachMemory {
  /** What is there now: the model. */
  before: number
  features: number
  /** Projector, its gradients and moments. */
  parameters: number
  activations: number
  total: number
  recompute: boolean
}

export interface TeachResult {
  /** `stopped` on request; `diverged` when the loss was no number or exploded: the projector is then that of the last good step. */
  reason: 'finished' | 'stopped' | 'diverged'
  /** Where it diverged: what was seen and what to try. */
  advice?: string
  step: number
  steps: number
  seconds: number
  losses: number[]
  /** The projector as a safetensors file under the checkpoint's own names, with its provenance in the metadata. */
  projector: Uint8Array<ArrayBuffer>
}

/** Where the state of a training is kept while it runs; writes must be whole or not at all. */
export interface TeachStore {
  read(name: string): Promise<Uint8Array<ArrayBuffer> | undefined>
  write(name: string, bytes: Uint8Array<ArrayBuffer>): Promise<void>
  delete(name: string): Promise<void>
}

export interface TeachOptions {
  settings?: Partial<TeachSettings>
  /** Keeps features and, every `saveEvery` steps, the state. */
  store?: TeachStore
  /** Go on from the store's state: the losses are those of a run that was never broken off. Throws `bad-argument` where it is of other data or settings. */
  resume?: boolean
  /** Held-out questions that are answered in words at each evaluation; default 6. */
  sampleAnswers?: number
  /** A free text about the data, kept in the projector's metadata. */
  about?: string
  signal?: AbortSignal
}

/** A line of a data file that could not be used, or an image that could not be read. */
export interface DataProblem {
  /** e.g. `lesson.jsonl:12`, `birds/robin.png` */
  where: string
  message: string
}

/** A data file's example before its image is opened. */
export interface DataRow {
  /** Path relative to the data file, or a URL. */
  image: string
  turns: Exchange[]
  name: string
  kind?: string
}

/** Rows that can be used, and what is wrong with the others. */
export interface DataReport {
  format: 'llava' | 'jsonl' | 'csv' | 'folders'
  rows: DataRow[]
  problems: DataProblem[]
}

/** The defaults are those of a quick adaptation: some tens of images, a minute or two. */
export const teachDefaults: TeachSettings = {
  projector: 'base',
  steps: 0,
  epochs: 4,
  batchSize: 4,
  accumulate: 1,
  learningRate: 1e-3,
  minLearningRate: 0,
  schedule: 'cosine',
  warmup: 5,
  weightDecay: 0,
  betas: [0.9, 0.999],
  eps: 1e-8,
  clip: 1,
  evalFraction: 0.1,
  evalEvery: 20,
  seed: 0,
  mask: 'prompt',
  template: 'chat',
  recompute: 'auto',
  saveEvery: 20,
  memoryLimit: 0,
  releaseEncoder: false,
}

const honeybeeStage1 = (projector: ProjectorType, learningRate: number) =>
  ({
    ...{ projector, template: 'plain', epochs: 1, batchSize: 8, accumulate: 4, learningRate, minLearningRate: 1e-5 },
    ...{ schedule: 'cosine', warmup: 10, weightDecay: 0.01, betas: [0.9, 0.98], eps: 1e-6, clip: 1 },
  }) satisfies Partial<TeachSettings>

/** Settings for common purposes; what they leave out stays at its default. LLaVA-1.5's are those of its paper, arXiv:2310.03744, Honeybee's those of arXiv:2312.06742 table 11, for one device. */
export const teachPresets = {
  quick: {},
  llavaStage1: {
    projector: 'mlp2x_gelu',
    template: 'plain',
    epochs: 1,
    batchSize: 8,
    accumulate: 4,
    learningRate: 1e-3,
    warmup: 10,
  },
  instructions: { epochs: 1, batchSize: 8, accumulate: 2, learningRate: 2e-5, warmup: 10 },
  honeybeeStage1: honeybeeStage1('c-abs', 3e-4),
  honeybeeStage1DAbs: honeybeeStage1('d-abs', 1e-4),
} satisfies Record<string, Partial<TeachSettings>>
