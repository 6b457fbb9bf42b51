import type { ExplainOptions, Explanation } from './explainApi.ts'
import type { ImageInput } from './image/rgbImage.ts'
import type {
  FreshPlan,
  FreshProjector,
  OfferedProjector,
  ProjectorInfo,
  ProjectorType,
  TeachEvent,
  TeachExample,
  TeachOptions,
} from './teachApi.ts'

/** Storage of the large weight matrices: q4 and q8 are symmetric blocks of 32 along the input axis with one f16 scale each. */
export type WeightStorage = 'q4' | 'q8' | 'f16' | 'f32'

/**
 * Where a model comes from. A string is read as: `embedded`; an `http(s)://` URL of a folder; a hub id `owner/name` or
 * `owner/name@revision`; in Node, an existing folder wins over a hub id.
 */
export type ModelSource =
  | string
  | { kind: 'embedded' }
  | { kind: 'url'; url: string }
  | { kind: 'hub'; id: string; revision?: string; host?: string; token?: string }
  | { kind: 'files'; files: File[]; name?: string }
  | { kind: 'directory'; handle: FileSystemDirectoryHandle }
  | { kind: 'path'; path: string }
  | { kind: 'cached'; key: string }

export interface LoadProgress {
  /** `files`: configs and tokenizer; `weights`: tensors to the GPU; `kernels`: pipelines compile; `ready`. */
  stage: 'files' | 'weights' | 'kernels' | 'ready'
  /** What is being read, e.g. the tensor or file name. */
  item: string
  loadedBytes: number
  totalBytes: number
  /** Seconds left at the present rate; undefined until it can be told. */
  secondsLeft?: number
}

export interface LoadOptions {
  /** Storage of the decoder's matrices; default q4. The encoder follows it but is never below q8; embeddings and head are q8 unless f16 or f32 is asked. */
  weights?: WeightStorage
  /** Tokens that the KV cache holds; default: the model's own limit, at most 2048. */
  maxContext?: number
  onProgress?: (progress: LoadProgress) => void
  signal?: AbortSignal
  /** Keep downloaded files in the browser's storage (OPFS); default true. */
  cache?: boolean
  /**
   * Before the first answer the device is tested and the kernels are compiled. `wait` (the default) does so before `load` returns;
   * `background` returns as soon as the weights are there, and the first call waits for the rest.
   */
  warmUp?: 'wait' | 'background'
  /** The WebGPU entry point; default `navigator.gpu`, in Node Dawn. */
  gpu?: GPU
}

export type * from './explainApi.ts'
export type { ImageInput }

export type ContentPart = { type: 'text'; text: string } | { type: 'image'; image: ImageInput }

export interface Message {
  role: 'system' | 'user' | 'assistant'
  content: string | ContentPart[]
}

export interface ChatOptions {
  /** Default: the checkpoint's generation_config, else 256. */
  maxNewTokens?: number
  /** 0 is greedy. Default: the checkpoint's generation_config, else 0. */
  temperature?: number
  topK?: number
  topP?: number
  minP?: number
  repetitionPenalty?: number
  /** The same seed gives the same text. */
  seed?: number
  stop?: string[]
  /** `false` computes everything anew, also the image's features and what is in the KV cache: for measuring. */
  reuse?: boolean
  signal?: AbortSignal
}

/** Milliseconds, wall clock. */
export interface Timings {
  /** Loading of the model, once. */
  load: number
  /** Preprocessing and encoding of the images that were not cached. */
  encode: number
  /** From the call until the first token was known, encode included. */
  firstToken: number
  /** Prefill of the tokens that were not in the cache. */
  prefill: number
  /** Mean over the tokens after the first. */
  decodePerToken: number
  tokensPerSecond: number
}

export interface ChatResult {
  /** The answer, without the blanks before its first word. */
  text: string
  ids: number[]
  /** The prompt as the decoder saw it: the image token repeated once per visual token. */
  inputIds: number[]
  visualTokens: number
  /** Prompt tokens that were already in the KV cache, and those computed now. */
  cachedTokens: number
  prefilledTokens: number
  imagesEncoded: number
  finishReason: 'stop' | 'length' | 'aborted'
  timings: Timings
}

export interface ChatChunk {
  /** Characters that became certain with this token; may be empty. */
  text: string
  /** The token, absent on the last chunk. */
  id?: number
  /** Present on the last chunk only. */
  result?: ChatResult
}

export interface MemoryReport {
  weightBytes: number
  stateBytes: number
  scratchBytes: number
  totalBytes: number
}

export interface DeviceReport {
  vendor: string
  architecture: string
  description: string
  fallback: boolean
  features: string[]
  /** WebGPU limits that matter here, in bytes or counts. */
  limits: Record<string, number>
}

export interface ModelInfo {
  name: string
  origin: string
  architecture: string
  encoder: string
  projector: string
  decoder: string
  parameters: number
  weights: WeightStorage
  visualTokensPerImage: number
  maxContext: number
  vocabulary: number
  /** Bytes that a token takes in the KV cache. */
  cacheBytesPerToken: number
}

/** One prompt's run with everything that a port compares; tensors are f32, row-major. */
export interface Trace {
  inputIds: number[]
  tensors: Record<string, { shape: number[]; data: Float32Array | Int32Array }>
}

export interface FetchOptions {
  signal?: AbortSignal
  onProgress?: (loadedBytes: number, totalBytes: number) => void
}

/** A loaded model. One chat runs at a time; a second call waits for `busy` to end or throws `busy`. */
export interface Model {
  readonly info: ModelInfo
  readonly device: DeviceReport
  /** Rejects nothing; resolves with the reason when the GPU device is lost. */
  readonly lost: Promise<Error>
  /**
   * Streams the answer to the last user message. What a previous call left in the KV cache is reused where the prompt starts alike.
   * Throws `context-full` before anything is computed when prompt and answer cannot fit.
   */
  chat(messages: Message[], options?: ChatOptions): AsyncGenerator<ChatChunk, void, void>
  /** Runs the prompt once and reads everything back: pixel_values, features, visual_tokens, logits of every position. */
  trace(messages: Message[]): Promise<Trace>
  /**
   * Where the decoder's attention to the images went while it chose the tokens of an answer to `messages`: that of the row before each
   * token, which predicted it. `answer` is what `chat` gave, its ids or, tokenized anew, its text. Nothing of the cache is
   * left for the next chat, but no image is encoded again. Throws `bad-argument` without an image, `context-full` where it does not fit.
   */
  explain(messages: Message[], answer: readonly number[] | string, options?: ExplainOptions): Promise<Explanation>
  /** Tokens of the prompt that `chat` would see, and the context's size. */
  count(messages: Message[]): Promise<{ tokens: number; maxContext: number }>
  memory(): MemoryReport
  /**
   * Trains a projector through the frozen decoder, step by step as the events are taken: not taking the next one pauses it, ending
   * the loop or aborting stops it. Chats go first: between two micro-batches they are answered. The new projector is in the last
   * event; `addProjector` puts it to use. Throws `bad-argument` for settings or data that cannot be trained on, `out-of-memory` before the
   * first step where it cannot fit.
   */
  teach(examples: readonly TeachExample[], options?: TeachOptions): AsyncGenerator<TeachEvent, void, void>
  /** The checkpoint's own projector and those that were added. */
  projectors(): ProjectorInfo[]
  /** Adds a projector from its safetensors file; throws `checkpoint-mismatch` with both shapes where it does not fit this model. */
  addProjector(name: string, file: Uint8Array): Promise<ProjectorInfo>
  /** Answers from now on are given with this projector. */
  useProjector(name: string): void
  removeProjector(name: string): void
  /** The projectors that lie beside the model, as its `projectors/index.json` lists them; none where it has none. */
  offeredProjectors(signal?: AbortSignal): Promise<OfferedProjector[]>
  /**
   * Adds one of these by its name; where it was fetched before, from the browser's storage, and where it was added before, not again.
   * Throws `not-found` for a name that is not offered, `checkpoint-mismatch` where it does not fit.
   */
  fetchProjector(name: string, options?: FetchOptions): Promise<ProjectorInfo>
  /** What a fresh projector would be in this model. Throws `bad-argument` for a type that is not known and a model without eyes. */
  planProjector(start: ProjectorType | FreshProjector): FreshPlan
  /** A projector's safetensors file, under the checkpoint's own names. */
  exportProjector(name: string): Promise<Uint8Array<ArrayBuffer>>
  /** Milliseconds per kernel of one chat run, where the device has timestamp queries. */
  profile(messages: Message[], options?: ChatOptions): Promise<{ kernel: string; count: number; ms: number }[]>
  dispose(): void
}

/** What `inspect` tells without loading weights. */
export interface Inspection {
  info: Omit<ModelInfo, 'weights' | 'maxContext'>
  config: unknown
  /** Those that lie beside the model. */
  projectors: OfferedProjector[]
  tensors: { name: string; part: string; dtype: string; shape: number[]; bytes: number }[]
  parts: { part: string; parameters: number; bytes: number }[]
  /** Bytes on the GPU per weight type: weights and KV cache. */
  forecast: Record<WeightStorage, { weightBytes: number; stateBytes: number }>
}

export interface CachedModel {
  key: string
  origin: string
  bytes: number
  complete: boolean
  usedAt: number
}

/*
 * src/index.ts exports, besides these types:
 *   load(source: ModelSource, options?: LoadOptions): Promise<Model>
 *   inspect(source: ModelSource, options?: Pick<LoadOptions, 'signal' | 'cache'>): Promise<Inspection>
 *   cachedModels(): Promise<CachedModel[]>          deleteCached(key: string): Promise<void>
 *   compare(model, { image, question }, options): answers and times of its projectors, one by one
 *   evaluate(model, questions, options): answers to many questions; scores(questions, answers), isRight(said, expected)
 *   decodeImage(bytes: Uint8Array | Blob): Promise<RgbImage>
 *   BeagleError, writeSafetensors
 */
