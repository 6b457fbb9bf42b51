import type { LlavaConfig } from '../../checkpoint/configTypes.ts'

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

/** Between what the projectors of a model stand. */
export function endsOf({ vision, text, featureLayers, positions, levels }: LlavaConfig): Ends {
  return { positions, levels, features: (vision.hidden * featureLayers.length) / levels, width: text.hidden }
}

/** Shape of one image's features. */
export const featureShape = ({ positions, levels, features }: Ends) => [positions * levels, features] as const
