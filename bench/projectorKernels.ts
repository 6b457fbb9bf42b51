import type { Gpu } from '../src/gpu/device.ts'
import { inputGradientCase, type KernelCase, linearCase, weightGradientCase } from './kernelCases.ts'
import { channelNormCases, depthwiseCases, type MapCase, poolCases } from './mapCases.ts'
import { measureMs, quartiles, type Roofs, rounds, time, verify } from './measure.ts'
import { samplingCases } from './samplingCases.ts'
import { squeezeExciteCases } from './squeezeExciteCases.ts'
import type { BenchContext, Table } from './table.ts'

/** At the size of the paper's abstractors: maps of 16 × 16 or 24 × 24 with 1024 channels. */
function mapCases(gpu: Gpu, side: 16 | 24): MapCase[] {
  const queries = side === 16 ? 144 : 256
  return [
    ...depthwiseCases(gpu, side, 1024),
    ...samplingCases(gpu, { side, queries, heads: 8, width: 128, points: 4 }),
    ...poolCases(gpu, side, Math.sqrt(queries), 1024),
    ...channelNormCases(gpu, side * side, 1024),
    ...squeezeExciteCases(gpu, side * side, 1024),
  ]
}

/** 1×1 convolutions, which are linear layers over pixels, beside other linear layers of the projectors. */
const products: ((gpu: Gpu) => KernelCase | Promise<KernelCase>)[] = [
  ...[256, 144].map((pixels) => (gpu: Gpu) => linearCase(gpu, '1×1 convolution', pixels, 1024, 1024, 'f32')),
  (gpu) => linearCase(gpu, 'mlp', 256, 1024, 4096, 'f32'),
  (gpu) => linearCase(gpu, 'mlp', 256, 4096, 4096, 'f32'),
  (gpu) => inputGradientCase(gpu, '1×1 convolution', 256, 1024, 1024, 'f32'),
  (gpu) => inputGradientCase(gpu, 'mlp', 256, 4096, 4096, 'f32'),
  (gpu) => weightGradientCase(gpu, '1×1 convolution', 256, 1024, 1024),
  (gpu) => weightGradientCase(gpu, 'mlp', 256, 1024, 4096),
]

/** The abstractors' kernels alone: what moves bytes beside the copy, what multiplies beside the multiply-adds. */
export async function measureKernels(gpu: Gpu, roofs: Roofs, { all, log }: BenchContext): Promise<Table[]> {
  const moved: Table['rows'] = []
  for (const side of all ? ([16, 24] as const) : ([16] as const))
    for (const one of mapCases(gpu, side)) moved.push(await movedRow(gpu, one, roofs, log))
  const multiplied: Table['rows'] = []
  for (const make of products) multiplied.push(await multipliedRow(gpu, await make(gpu), roofs, log))
  const measured = `Verified, then the median of up to ${rounds} measurements of at least ${measureMs} ms; rates by the best.`
  return [
    {
      title: 'Projectors: kernels that move bytes',
      note:
        `${measured} The copy moves ${(roofs.bytes / 1e6).toFixed(1)} GB/s, read and written, of 16 MiB. ` +
        'GB/s: what must move once; with repeats: each read of a cell by another point counts.',
      columns: [
        'kernel',
        'shape',
        'ms',
        'quartiles',
        'GB/s',
        '% of copy',
        'with repeats, GB/s',
        '% of copy',
        'target, %',
      ],
      rows: moved,
    },
    {
      title: 'Projectors: 1×1 convolutions beside other linear layers',
      note: `${measured} The roof is ${(roofs.flops / 1e6).toFixed(0)} GFLOP/s.`,
      columns: ['kernel', 'shape', 'ms', 'quartiles', 'GFLOP/s', '% of roof'],
      rows: multiplied,
    },
  ]
}

async function movedRow(
  gpu: Gpu,
  one: MapCase,
  roofs: Roofs,
  log: BenchContext['log'],
): Promise<Table['rows'][number]> {
  const spread = await measured(gpu, one, log)
  const rate = (bytes: number) => [bytes / spread.best / 1e6, (100 * bytes) / spread.best / roofs.bytes]
  const repeats = one.gathered ? rate(one.gathered) : ['', '']
  return [one.name, one.shape, spread.median, quartiles(spread), ...rate(one.bytes), ...repeats, one.target ?? '']
}

async function multipliedRow(
  gpu: Gpu,
  one: KernelCase,
  roofs: Roofs,
  log: BenchContext['log'],
): Promise<Table['rows'][number]> {
  const spread = await measured(gpu, one, log)
  const rate = one.flops / spread.best
  return [one.name, one.shape, spread.median, quartiles(spread), rate / 1e6, (100 * rate) / roofs.flops]
}

async function measured(gpu: Gpu, one: KernelCase, log: BenchContext['log']) {
  await verify(gpu, one)
  const spread = await time(gpu, one.run)
  log(`${one.name}, ${one.shape}: ${spread.median.toPrecision(3)} ms`)
  for (const buffer of one.buffers) gpu.memory.destroy(buffer)
  gpu.memory.trim()
  return spread
}
