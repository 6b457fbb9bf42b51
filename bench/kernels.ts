import { Gpu } from '../src/gpu/device.ts'
import {
  attentionCase,
  inputGradientCase,
  type KernelCase,
  linearCase,
  normCase,
  weightGradientCase,
} from './kernelCases.ts'
import { measureMs, measureRoofs, rounds, time, verify } from './measure.ts'
import type { Bench } from './table.ts'

const cases: ((gpu: Gpu) => KernelCase | Promise<KernelCase>)[] = [
  (gpu) => linearCase(gpu, 'pocket', 88, 256, 1408, 'q4'),
  (gpu) => linearCase(gpu, 'pocket', 88, 704, 256, 'q4'),
  (gpu) => linearCase(gpu, 'pocket', 88, 256, 1408, 'q8'),
  (gpu) => linearCase(gpu, 'pocket', 88, 256, 1408, 'f16'),
  (gpu) => linearCase(gpu, 'pocket', 88, 256, 1408, 'f32'),
  (gpu) => linearCase(gpu, 'pocket', 65, 192, 768, 'q8'),
  (gpu) => inputGradientCase(gpu, 'pocket', 384, 256, 1408, 'q4'),
  (gpu) => inputGradientCase(gpu, 'pocket', 384, 704, 256, 'q4'),
  (gpu) => weightGradientCase(gpu, 'pocket', 256, 192, 256),
  (gpu) => linearCase(gpu, 'pocket', 1, 256, 1408, 'q4'),
  (gpu) => linearCase(gpu, 'pocket', 1, 704, 256, 'q4'),
  (gpu) => linearCase(gpu, 'pocket', 1, 256, 2048, 'q8'),
  (gpu) => attentionCase(gpu, 'pocket', { rows: 65, keys: 65, heads: 3, kvHeads: 3, width: 64 }, false),
  (gpu) => attentionCase(gpu, 'pocket', { rows: 88, keys: 88, heads: 4, kvHeads: 2, width: 64 }, true),
  (gpu) => attentionCase(gpu, 'pocket', { rows: 1, keys: 150, heads: 4, kvHeads: 2, width: 64 }, true),
  (gpu) => normCase(gpu, 'pocket', 'rmsNorm', 88, 256),
  (gpu) => normCase(gpu, 'pocket', 'layerNorm', 65, 192),
  (gpu) => linearCase(gpu, '0.5B', 256, 896, 9728, 'q4'),
  (gpu) => inputGradientCase(gpu, '0.5B', 384, 896, 9728, 'q4'),
  (gpu) => weightGradientCase(gpu, '0.5B', 256, 1024, 896),
  (gpu) => linearCase(gpu, '0.5B', 1, 896, 9728, 'q4'),
  (gpu) => linearCase(gpu, '0.5B', 1, 896, 152_000, 'q8'),
  (gpu) => attentionCase(gpu, '0.5B', { rows: 256, keys: 256, heads: 14, kvHeads: 2, width: 64 }, true),
  (gpu) => attentionCase(gpu, '0.5B', { rows: 1, keys: 1024, heads: 14, kvHeads: 2, width: 64 }, true),
  (gpu) => normCase(gpu, '0.5B', 'rmsNorm', 256, 896),
  (gpu) => linearCase(gpu, '7B', 64, 4096, 11_008, 'q4'),
  (gpu) => linearCase(gpu, '7B', 1, 4096, 22_016, 'q4'),
  (gpu) => attentionCase(gpu, '7B', { rows: 1, keys: 1024, heads: 32, kvHeads: 32, width: 128 }, true),
  (gpu) => normCase(gpu, '7B', 'rmsNorm', 64, 4096),
]

/**
 * Every kernel, verified and then timed, beside what plain multiply-adds in registers and a plain copy reach on the same device in
 * the same run. The roof is the longer of the times that these two rates would need for the kernel's arithmetic and bytes.
 */
export const kernels: Bench = async ({ gpu: entry, log }) => {
  const gpu = await Gpu.open(entry)
  const roofs = await measureRoofs(gpu, 'median')
  const rows: (string | number)[][] = []
  for (const make of cases) {
    const one = await make(gpu)
    await verify(gpu, one)
    const { median: ms } = await time(gpu, one.run)
    const roof = Math.max(one.flops / roofs.flops, one.bytes / roofs.bytes)
    const binds = one.flops / roofs.flops > one.bytes / roofs.bytes ? 'arithmetic' : 'memory'
    rows.push([one.name, one.shape, ms, one.flops / ms / 1e6, one.bytes / ms / 1e6, binds, (100 * roof) / ms])
    log(`${one.name}, ${one.shape}: ${ms.toPrecision(3)} ms`)
    for (const buffer of one.buffers) gpu.memory.destroy(buffer)
    gpu.memory.trim()
  }
  const { flops, bytes } = await measureRoofs(gpu, 'median')
  gpu.dispose()
  const roofRow = (when: string, r: { flops: number; bytes: number }) => [when, r.flops / 1e6, r.bytes / 1e6]
  return [
    {
      title: 'Roofs',
      note: 'Plain multiply-adds in registers, and a plain copy (bytes read and bytes written both count).',
      columns: ['', 'GFLOP/s', 'GB/s'],
      rows: [roofRow('before', roofs), roofRow('after', { flops, bytes })],
    },
    {
      title: 'Kernels',
      note: `Verified, then the median of up to ${rounds} measurements of at least ${measureMs} ms. The roof is that of the first measurement above.`,
      columns: ['kernel', 'shape', 'ms', 'GFLOP/s', 'GB/s', 'bound by', '% of roof'],
      rows,
    },
  ]
}
