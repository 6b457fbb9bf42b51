/** What a projector stands between: the encoder's features on one side, the decoder's rows on the other. */
export interface Ends {
  /** Features per image and level, row-major over the image (P). */
  positions: number
  /** Feature maps per image, one below the other. */
  levels: number
  /** Width of a feature (Dv). */
  features: number
  /** Width of a visual token (D). */
  width: number
}
