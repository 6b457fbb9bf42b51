import type { ProjectorType } from './checkpoint/configTypes.ts'

export type { ProjectorType }

/** Every type of projector, the plainest first. */
export const projectorTypes = [
  'linear',
  'mlp2x_gelu',
  'mlp',
  'c-abs',
  'd-abs',
  'resampler',
  'q-former',
] as const satisfies readonly ProjectorType[]

/** A projector that has learned nothing; sizes that are left out are the paper's, in proportion to the model. */
export interface FreshProjector {
  type: ProjectorType
  /** Visual tokens (M); a square number for the C- and the D-Abstractor. */
  tokens?: number
  /** Linear layers of an mlp, blocks on each side of the C-Abstractor's pooling, layers of the others. */
  depth?: number
  /** Width inside. */
  hidden?: number
  heads?: number
  /** Sampled points per head and query of a D-Abstractor. */
  points?: number
  /** Inner width of the feed-forward layers. */
  ffn?: number
  /** Linear layers of a C-Abstractor's readout. */
  mlpDepth?: number
  /** Learned tokens behind the visual ones. */
  endTokens?: number
}

export type SizeName = keyof Omit<FreshProjector, 'type'>

/** What a fresh projector would be in a model, before any of it is made. */
export interface FreshPlan {
  /** Every size that its type has a use for; where none, or none that can be, was given, the default. */
  sizes: Partial<Record<SizeName, number>>
  /** What is wrong, by size; under `type` what no size can mend. Empty where it can be made, and only then the two counts are known. */
  problems: Partial<Record<SizeName | 'type', string>>
  visualTokens?: number
  parameters?: number
  /** Features per image that it reads. */
  positions: number
}

/** A projector that a loaded model may use. */
export interface ProjectorInfo {
  /** `base` is the checkpoint's own. */
  name: string
  type: string
  /** Visual tokens per image. */
  visualTokens: number
  parameters: number
  bytes: number
  active: boolean
  /** A fresh projector of the same type and sizes. */
  fresh: FreshProjector
  /** What the file's metadata says of how it came about. */
  provenance: Record<string, string>
}

/** A projector that lies beside a model, in its `projectors/index.json`, and is fetched when it is wanted. */
export interface OfferedProjector {
  /** Its name once it is fetched. */
  name: string
  /** Its name for people. */
  label: string
  type: string
  visualTokens: number
  /** Relative to the index. */
  file: string
  bytes: number
  description: string
  /** Of the file, in lower-case hex; where it is stated, the file is checked. */
  sha256?: string
}
