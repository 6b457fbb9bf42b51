/** An image as the models see it: 8-bit RGB, row-major, three bytes per pixel, no alpha. */
export interface RgbImage {
  width: number
  height: number
  /** `width × height × 3` bytes. */
  data: Uint8Array
}
