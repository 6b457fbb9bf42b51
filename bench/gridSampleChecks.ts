import { floatToHalf, halfToFloat } from '../src/tensor/half.ts'
import { seeded } from '../src/tensor/random.ts'
import { type Build, graphBytes, type Onnxruntime, openOnnxruntime } from './onnxruntime.ts'
import type { Table } from './table.ts'

/** [n, c, h, w], and the size of the grid of points. */
interface Size {
  x: [number, number, number, number]
  grid: [number, number]
}

interface Check {
  name: string
  size: Size
  /** A coordinate, -1 to 1 across the map. */
  place: (random: () => number, i: number) => number
  half?: boolean
  layout?: 'NCHW' | 'NHWC'
}

const heads: Size = { x: [8, 128, 16, 16], grid: [144, 4] }
const small: Size = { x: [2, 3, 6, 9], grid: [5, 7] }
const within = (random: () => number) => 1.8 * random() - 0.9
const wide = (random: () => number) => 4 * random() - 2
const among =
  (...values: number[]) =>
  (_: () => number, i: number) =>
    values[i % values.length]!

/** In the order in which they run: a session may leave something behind for the next. */
const checks: Check[] = [
  { name: 'inside, one image', size: { x: [1, 4, 8, 8], grid: [5, 4] }, place: within },
  { name: 'exactly on cells', size: { x: [1, 4, 8, 8], grid: [8, 8] }, place: (_, i) => (2 * (i % 8) + 1) / 8 - 1 },
  { name: 'on borders and corners', size: { x: [1, 4, 8, 8], grid: [5, 4] }, place: among(-1, 1, -7 / 8, 7 / 8, 0) },
  { name: 'half of them outside', size: { x: [1, 4, 8, 8], grid: [5, 4] }, place: wide },
  { name: 'maps of one cell', size: { x: [2, 3, 1, 1], grid: [3, 7] }, place: wide },
  { name: 'two images, map not square', size: small, place: wide },
  { name: 'heads as the batch: 8 × 128 channels, 16 × 16', size: heads, place: wide },
  { name: 'far outside, ±10,000', size: small, place: among(1e4, -1e4, 0, 1e4, 0.3) },
  { name: 'beyond 2^31 cells', size: small, place: among(1e30, 0.1, -1e12) },
  { name: 'infinite or no number', size: small, place: among(Number.POSITIVE_INFINITY, 0.1, Number.NaN) },
  { name: 'f16', size: { x: [8, 32, 16, 16], grid: [44, 4] }, place: wide, half: true },
  { name: 'layout NCHW, behind sessions of the default layout', size: small, place: wide, layout: 'NCHW' },
]

/** What both builds' GridSample gives beside its formula in f64. */
export async function checkGridSample(log: (line: string) => void): Promise<Table> {
  const found: Record<Build, string[]> = { webgpu: [], jsep: [] }
  for (const build of ['webgpu', 'jsep'] as const) {
    const ort = await openOnnxruntime(build)
    for (const check of checks) found[build].push(await seen(ort, check))
    log(`GridSample of onnxruntime-web, ${build}: ${checks.length} checks`)
  }
  return {
    title: 'GridSample of onnxruntime-web (bilinear, zeros outside, align_corners 0)',
    note: 'Largest difference from f64 and how many elements are off by more than 0.002; points that are nowhere must give 0. Both builds, in this order.',
    columns: ['points', 'WebGPU build', 'JSEP build'],
    rows: checks.map(({ name }, i) => [name, found.webgpu[i]!, found.jsep[i]!]),
  }
}

const tolerance = 2e-3
const rounded = (value: number) => halfToFloat(floatToHalf(value))

async function seen(ort: Onnxruntime, { name, size, place, half, layout }: Check): Promise<string> {
  const random = seeded(name.length)
  const [n] = size.x
  const count = (extents: number[]) => extents.reduce((a, b) => a * b, 1)
  const grid = [n, ...size.grid, 2]
  let x = Float32Array.from({ length: count(size.x) }, () => random() - 0.5)
  let points = Float32Array.from({ length: count(grid) }, (_, i) => place(random, i))
  const before = await refusals(ort)
  try {
    const model = await graphBytes(half ? 'gridSample16' : 'gridSample')
    const provider = { name: 'webgpu', ...(layout && { preferredLayout: layout }) }
    const session = await ort.InferenceSession.create(model, { executionProviders: [provider] })
    const tensor = (values: Float32Array, dims: number[]) =>
      half
        ? new ort.Tensor('float16', Uint16Array.from(values, floatToHalf), dims)
        : new ort.Tensor('float32', values, dims)
    const { y } = await session.run({ x: tensor(x, size.x), grid: tensor(points, grid) })
    const got = Array.from((await y!.getData()) as Float32Array)
    await session.release()
    if (half) [x, points] = [x.map(rounded), points.map(rounded)]
    return describe(got, plain(x, points, size)) + ((await refusals(ort)) > before ? '; its shader was refused' : '')
  } catch (error) {
    return String((error as Error).message).slice(0, 80)
  }
}

const counted = new WeakMap<GPUDevice, number>()

/** How many commands the library's device has refused so far; from now on they are counted in place of being logged. */
async function refusals(ort: Onnxruntime): Promise<number> {
  const device = (await ort.env.webgpu.device) as GPUDevice | undefined
  if (!device) return 0
  await device.queue.onSubmittedWorkDone()
  device.onuncapturederror = (event) => {
    event.preventDefault()
    counted.set(device, (counted.get(device) ?? 0) + 1)
  }
  return counted.get(device) ?? 0
}

function describe(got: number[], wanted: Float64Array): string {
  const off = got.map((value, i) => Math.abs(value - wanted[i]!))
  const wrong = off.filter((value) => !(value <= tolerance)).length
  const none = got.filter(Number.isNaN).length
  const largest = off.reduce((most, value) => (value > most ? value : most), 0)
  const most = none > 0 ? 'no number' : largest.toExponential(0)
  return wrong > 0 ? `${most}: ${wrong} of ${got.length} wrong` : most
}

/** [n, c, oh, ow] */
function plain(x: Float32Array, points: Float32Array, { x: [n, c, h, w], grid }: Size): Float64Array {
  const count = grid[0] * grid[1]
  const y = new Float64Array(n * c * count)
  for (let point = 0; point < n * count; point++) {
    const [px, py] = [((points[2 * point]! + 1) * w - 1) / 2, ((points[2 * point + 1]! + 1) * h - 1) / 2]
    if (!(Math.abs(px) < 2 ** 31 && Math.abs(py) < 2 ** 31)) continue
    const [left, top] = [Math.floor(px), Math.floor(py)]
    for (const [row, down] of [[top, top + 1 - py] as const, [top + 1, py - top] as const]) {
      for (const [column, across] of [[left, left + 1 - px] as const, [left + 1, px - left] as const]) {
        if (row < 0 || column < 0 || row >= h || column >= w) continue
        const image = Math.floor(point / count)
        for (let channel = image * c; channel < (image + 1) * c; channel++)
          y[channel * count + (point % count)]! += down * across * x[(channel * h + row) * w + column]!
      }
    }
  }
  return y
}
