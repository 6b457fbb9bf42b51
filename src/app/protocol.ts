import type {
  CachedModel,
  ChatChunk,
  ChatOptions,
  DeviceReport,
  ImageLook,
  LoadOptions,
  LoadProgress,
  MemoryReport,
  Message,
  ModelInfo,
  ModelSource,
} from '../api.ts'
import { BeagleError, type ErrorCode } from '../errors.ts'
import type { Comparison, EvaluationAnswer, EvaluationQuestion } from '../evaluationApi.ts'
import type {
  DataReport,
  FreshPlan,
  FreshProjector,
  OfferedProjector,
  ProjectorInfo,
  TeachEvent,
  TeachExample,
  TeachResult,
  TeachSettings,
} from '../teachApi.ts'

/** An image crosses to the worker once, beside the messages that name it, so that the worker sees the same object in every turn. */
export type WirePart = { type: 'text'; text: string } | { type: 'image'; imageId: string }

export interface WireMessage {
  role: Message['role']
  content: WirePart[]
}

export type WireLoadOptions = Pick<LoadOptions, 'weights' | 'maxContext' | 'cache'>
export type WireChatOptions = Omit<ChatOptions, 'signal'>

/** What a loaded model tells the page. */
export interface Loaded {
  info: ModelInfo
  device: DeviceReport
  memory: MemoryReport
}

/** A training as the page asks for it. An image of several examples is the same Blob in all of them, also after its way to the worker. */
export interface WireTraining {
  /** Names the state in the browser's storage. */
  key: string
  examples: (TeachExample & { image: Blob })[]
  settings: Partial<TeachSettings>
  /** Go on from what is kept under the key. */
  resume: boolean
  about: string
}

/** One question to several projectors, which the model must have. */
export interface WireComparison {
  projectors: string[]
  image: Blob
  question: string
  maxNewTokens: number
}

/** Many questions to several projectors; `images` are those that the questions name. */
export interface WireEvaluation {
  projectors: string[]
  questions: EvaluationQuestion[]
  images: Map<string, Blob>
}

/** Where the model looked while it chose characters of an answer; `messages` are what `chat` was asked. */
export interface WireLook {
  messages: WireMessage[]
  images: Map<string, Blob>
  /** The answer's tokens, and the characters of its text that are asked about, from the first up to but not with the second. */
  ids: number[]
  characters: readonly [number, number]
  /** Of the decoder; the mean of all without it. */
  layer?: number
  head?: number
}

/** Attention to the images of a conversation, in their order. */
export interface LookReply {
  layers: number
  heads: number
  /** Attention to all images together, 0 to 1. */
  share: number
  /** `words` says where it lies. Of many points these are the heaviest. */
  images: (ImageLook & { words: string; pointsInAll: number })[]
}

/** Each call: what it takes, what it streams while it runs, what it returns. */
export interface Calls {
  load: { args: { source: ModelSource; options: WireLoadOptions }; event: LoadProgress; result: Loaded }
  chat: {
    args: { messages: WireMessage[]; images: Map<string, Blob>; options: WireChatOptions }
    event: ChatChunk
    result: MemoryReport
  }
  look: { args: WireLook; event: never; result: LookReply }
  teach: { args: WireTraining; event: Exclude<TeachEvent, { type: 'done' }>; result: TeachResult }
  /** The keys under which the state of a training is kept, and deleting one of them. */
  keptTrainings: { args: Record<never, never>; event: never; result: string[] }
  forgetTraining: { args: { key: string }; event: never; result: undefined }
  projectors: { args: Record<never, never>; event: never; result: ProjectorInfo[] }
  addProjector: { args: { name: string; file: Uint8Array }; event: never; result: ProjectorInfo }
  useProjector: { args: { name: string }; event: never; result: undefined }
  removeProjector: { args: { name: string }; event: never; result: undefined }
  exportProjector: { args: { name: string }; event: never; result: Uint8Array<ArrayBuffer> }
  offeredProjectors: { args: Record<never, never>; event: never; result: OfferedProjector[] }
  fetchProjector: { args: { name: string }; event: { loaded: number; total: number }; result: ProjectorInfo }
  planProjector: { args: { start: FreshProjector }; event: never; result: FreshPlan }
  compare: { args: WireComparison; event: Comparison; result: undefined }
  evaluate: { args: WireEvaluation; event: EvaluationAnswer[]; result: undefined }
  readData: { args: { fileName: string; text: string }; event: never; result: DataReport }
  readFolders: {
    args: { paths: string[]; templates: { question: string; answer: string } }
    event: never
    result: DataReport
  }
  memory: { args: Record<never, never>; event: never; result: MemoryReport | undefined }
  cachedModels: { args: Record<never, never>; event: never; result: CachedModel[] }
  deleteCached: { args: { key: string }; event: never; result: undefined }
}

export type CallName = keyof Calls

/**
 * Page to worker. `cancel` aborts the call with that id, which then ends with the error `aborted` or early with what it has.
 * `pause` holds a training after its present step, or lets it go on.
 */
export type Request =
  | { [N in CallName]: { type: 'call'; id: number; name: N; args: Calls[N]['args'] } }[CallName]
  | { type: 'cancel'; id: number }
  | { type: 'pause'; id: number; paused: boolean }

/** Worker to page. `lost` belongs to no call: the GPU device of the loaded model is gone. */
export type Reply =
  | { type: 'event'; id: number; event: Calls[CallName]['event'] }
  | { type: 'result'; id: number; result: Calls[CallName]['result'] }
  | { type: 'error'; id: number; error: WireError }
  | { type: 'lost'; error: WireError }

export type WireErrorCode = ErrorCode | 'unexpected'

export interface WireError {
  code: WireErrorCode
  message: string
}

/** An error of the worker, thrown again in the page. */
export class PageError extends Error {
  override readonly name = 'PageError'
  constructor(
    readonly code: WireErrorCode,
    message: string,
  ) {
    super(message)
  }
}

export function toWireError(thrown: unknown): WireError {
  if (thrown instanceof BeagleError || thrown instanceof PageError)
    return { code: thrown.code, message: thrown.message }
  if (thrown instanceof DOMException && thrown.name === 'AbortError')
    return { code: 'aborted', message: thrown.message }
  return { code: 'unexpected', message: thrown instanceof Error ? `${thrown.name}: ${thrown.message}` : String(thrown) }
}

export function fromWireError(error: WireError): PageError {
  return new PageError(error.code, error.message)
}
