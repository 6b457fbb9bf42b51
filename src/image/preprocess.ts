import { BeagleError } from '../errors.ts'
import { centerCrop, centerOffset, padOffset, padToSquare } from './frame.ts'
import { type Filter, filtersByNumber, resize } from './resize.ts'
import { checkImage, type RgbImage } from './rgbImage.ts'

type Side = number | { height: number; width: number } | { shortest_edge: number; longest_edge?: number }

/** `preprocessor_config.json` of CLIPImageProcessor, SiglipImageProcessor and LlavaImageProcessor; absent fields take their class's default. */
export interface PreprocessorConfig {
  image_processor_type?: string
  feature_extractor_type?: string
  do_convert_rgb?: boolean | null
  do_pad?: boolean | null
  do_resize?: boolean | null
  size?: Side | null
  /** PIL's number of the filter. */
  resample?: number | null
  do_center_crop?: boolean | null
  crop_size?: Side | null
  do_rescale?: boolean | null
  rescale_factor?: number | null
  do_normalize?: boolean | null
  image_mean?: number[] | number | null
  image_std?: number[] | number | null
}

type Extent = Pick<RgbImage, 'width' | 'height'>

/** A part of an image, in its pixels; it may reach beyond the image. */
export interface Frame {
  x: number
  y: number
  width: number
  height: number
}

/** What the vision encoder gets: f32 [1, 3, height, width]. */
export interface PixelValues {
  pixels: Float32Array<ArrayBuffer>
  width: number
  height: number
}

const CLIP_MEAN = [0.48145466, 0.4578275, 0.40821073]
const CLIP_STD = [0.26862954, 0.26130258, 0.27577711]

const clipDefaults: PreprocessorConfig = {
  do_resize: true,
  size: { shortest_edge: 224 },
  resample: 3,
  do_center_crop: true,
  crop_size: 224,
  do_rescale: true,
  rescale_factor: 1 / 255,
  do_normalize: true,
  image_mean: CLIP_MEAN,
  image_std: CLIP_STD,
}

/** The defaults of each image processor class of transformers. */
const defaultsByClass: Record<string, PreprocessorConfig> = {
  CLIPImageProcessor: clipDefaults,
  LlavaImageProcessor: clipDefaults,
  SiglipImageProcessor: {
    ...clipDefaults,
    size: { height: 224, width: 224 },
    do_center_crop: false,
    image_mean: [0.5, 0.5, 0.5],
    image_std: [0.5, 0.5, 0.5],
  },
}

const classAliases: Record<string, string> = { CLIPFeatureExtractor: 'CLIPImageProcessor' }

function withDefaults(config: PreprocessorConfig): PreprocessorConfig & { className: string } {
  const given = config.image_processor_type ?? config.feature_extractor_type ?? 'CLIPImageProcessor'
  const base = given.replace(/(Fast|Pil)$/, '')
  const className = classAliases[base] ?? base
  const defaults = defaultsByClass[className]
  if (!defaults) {
    throw new BeagleError(
      'unknown-architecture',
      `preprocessor_config.json asks for "${given}"; known image processors are ${Object.keys(defaultsByClass).join(', ')}.`,
    )
  }
  const present = Object.entries(config).filter(([, value]) => value !== null && value !== undefined)
  return { ...defaults, ...Object.fromEntries(present), className }
}

function perChannel(value: number[] | number, field: string): number[] {
  const values = typeof value === 'number' ? [value, value, value] : value
  if (values.length !== 3 || !values.every(Number.isFinite)) {
    throw new BeagleError(
      'bad-file',
      `preprocessor_config.json: ${field} needs one number or three, not ${JSON.stringify(value)}.`,
    )
  }
  return values
}

function targetSize(image: Extent, size: Side, numberIsShortestEdge: boolean): { width: number; height: number } {
  if (typeof size === 'number' && !numberIsShortestEdge) return { width: size, height: size }
  if (typeof size === 'object' && 'height' in size) return { width: size.width, height: size.height }
  const shortest = typeof size === 'number' ? size : size.shortest_edge
  if (!(shortest > 0)) {
    throw new BeagleError(
      'bad-file',
      `preprocessor_config.json: size needs shortest_edge, or height and width; it is ${JSON.stringify(size)}.`,
    )
  }
  const long = Math.trunc((shortest * Math.max(image.width, image.height)) / Math.min(image.width, image.height))
  return image.width <= image.height ? { width: shortest, height: long } : { width: long, height: shortest }
}

function filterOf(resample: number): Filter {
  const filter = filtersByNumber[resample]
  if (!filter) {
    throw new BeagleError('bad-file', `preprocessor_config.json: resample ${resample} is none of PIL's filters 0 to 5.`)
  }
  return filter
}

/**
 * Pads, resizes, crops, rescales and normalizes as the config says, in the order of transformers' image processors, each value
 * rounded to f32 where numpy does. Planes come out in the order R, G, B.
 */
export function preprocess(image: RgbImage, config: PreprocessorConfig): PixelValues {
  checkImage(image)
  const settings = withDefaults(config)
  const mean = perChannel(settings.image_mean!, 'image_mean')
  const std = perChannel(settings.image_std!, 'image_std')
  let framed = image
  if (settings.do_pad) {
    framed = padToSquare(
      framed,
      mean.map((value) => Math.trunc(value * 255)),
    )
  }
  if (settings.do_resize) {
    const { width, height } = targetSize(framed, settings.size!, settings.className !== 'SiglipImageProcessor')
    framed = resize(framed, width, height, filterOf(settings.resample!))
  }
  if (settings.do_center_crop) {
    const { width, height } = targetSize(framed, settings.crop_size!, false)
    framed = centerCrop(framed, width, height)
  }
  return toPlanes(framed, (byte, channel) => {
    const scaled = Math.fround(settings.do_rescale ? byte * settings.rescale_factor! : byte)
    if (!settings.do_normalize) return scaled
    return Math.fround(Math.fround(scaled - Math.fround(mean[channel]!)) / Math.fround(std[channel]!))
  })
}

/** What of an image the encoder gets to see: less than all where `preprocess` crops, more where it pads. */
export function frameOf(image: Extent, config: PreprocessorConfig): Frame {
  const settings = withDefaults(config)
  let frame: Frame = { x: 0, y: 0, width: image.width, height: image.height }
  if (settings.do_pad) {
    const side = Math.max(image.width, image.height)
    const [x, y] = [0 - padOffset(image.width, side), 0 - padOffset(image.height, side)]
    frame = { x, y, width: side, height: side }
  }
  let size: Extent = frame
  if (settings.do_resize) size = targetSize(frame, settings.size!, settings.className !== 'SiglipImageProcessor')
  if (!settings.do_center_crop) return frame
  const { width, height } = targetSize(size, settings.crop_size!, false)
  const [perX, perY] = [frame.width / size.width, frame.height / size.height]
  return {
    x: frame.x - centerOffset(size.width, width) * perX,
    y: frame.y - centerOffset(size.height, height) * perY,
    width: width * perX,
    height: height * perY,
  }
}

function toPlanes(image: RgbImage, normalized: (byte: number, channel: number) => number): PixelValues {
  const { width, height, data } = image
  const area = width * height
  const pixels = new Float32Array(3 * area)
  for (let channel = 0; channel < 3; channel++) {
    const table = Float32Array.from({ length: 256 }, (_, byte) => normalized(byte, channel))
    for (let i = 0; i < area; i++) pixels[channel * area + i] = table[data[i * 3 + channel]!]!
  }
  return { pixels, width, height }
}
