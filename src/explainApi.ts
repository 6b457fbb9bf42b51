import type { Frame } from './image/preprocess.ts'

export type { Frame }

export interface ExplainOptions {
  /** Only these tokens of the answer, from the first up to but not with the second; without it all. */
  tokens?: readonly [first: number, end: number]
  signal?: AbortSignal
}

/** A token of an answer. */
export interface AnswerToken {
  id: number
  /** What the token adds to the answer, '' for one that ends it. Tokens that make one character together all have that character. */
  text: string
  /** Its characters in the answer's text, from `start` up to but not with `end`. */
  start: number
  end: number
}

/** Characters between blanks, without punctuation around them. */
export interface AnswerWord {
  text: string
  start: number
  end: number
  /** The tokens that have a character of it. */
  tokens: readonly [first: number, end: number]
}

/** Cells of a grid over what the encoder sees of an image, row-major. */
export interface Grid {
  rows: number
  columns: number
}

/**
 * How an image's visual tokens come from its grid. `cells`: each from a rectangle of cells, [tokens, 4] as first row, end row, first
 * column, end column; empty for a token without a place. `attention`: each by what its query attended to in every layer, mean over
 * heads, [layers, tokens, rows · columns]; what it gave to other queries is missing from the sum. `points`: each from what it sampled,
 * `positions` [tokens, layers, heads, points, 2] as x and y from 0 to 1 across the grid, with `weights` [tokens, layers, heads, points].
 */
export type TokenOrigin =
  | { kind: 'cells'; cells: Int32Array }
  | { kind: 'attention'; layers: number; weights: Float32Array }
  | { kind: 'points'; layers: number; heads: number; points: number; positions: Float32Array; weights: Float32Array }

/** An image of the conversation, as its visual tokens show it. */
export interface ExplainedImage {
  /** In pixels. */
  width: number
  height: number
  /** What the encoder saw of it; the grid covers just that. */
  frame: Frame
  grid: Grid
  /** Its visual tokens among those of all images. */
  tokens: readonly [first: number, end: number]
  origin: TokenOrigin
}

/** Where the decoder's attention went while it chose the tokens of an answer. */
export interface Explanation {
  /** The answer, without the blanks before its first word. */
  text: string
  /** All of the answer, also those that were not asked for. */
  tokens: AnswerToken[]
  words: AnswerWord[]
  /** The tokens that `data` is about. */
  explained: readonly [first: number, end: number]
  layers: number
  heads: number
  visualTokens: number
  /**
   * [explained, layers, heads, visualTokens]: the attention that the row which chose the token, the one before it, gave each visual
   * token. What it gave to words is what is missing to 1.
   */
  data: Float32Array
  /** Per explained token the attention to all visual tokens together, mean over layers and heads. */
  imageShare: Float32Array
  images: ExplainedImage[]
}

/** What of an explanation is looked at; what is left out is averaged. */
export interface LookSelection {
  /** Tokens of the answer; without it all that were explained. */
  tokens?: readonly [first: number, end: number]
  /** Of the decoder. */
  layer?: number
  head?: number
  /** Layer of a projector whose queries look by attention or at points. */
  projectorLayer?: number
}

/** A place that a visual token was sampled from. */
export interface LookPoint {
  /** The visual token within its image. */
  token: number
  /** From 0 to 1 across the grid; may lie outside. */
  x: number
  y: number
  /** Its part of the attention. */
  weight: number
}

/** Attention to one image, carried back to it. */
export interface ImageLook extends Pick<ExplainedImage, 'width' | 'height' | 'frame' | 'grid'> {
  /** Attention to its visual tokens together, 0 to 1. */
  share: number
  /** [rows · columns] attention by cell; sums to `share` less what has no place. */
  heat: Float32Array
  /** Only of a projector that samples points, the heaviest first. */
  points?: LookPoint[]
}

/** See `carryBack`. */
export interface Look {
  /** Attention to all images together, 0 to 1. */
  share: number
  images: ImageLook[]
}
