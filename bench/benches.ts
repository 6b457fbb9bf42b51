import { endToEnd } from './endToEnd.ts'
import { kernels } from './kernels.ts'
import { projectors } from './projectors.ts'
import type { Bench, BenchContext, Table } from './table.ts'
import { teach } from './teach.ts'

export const benches = { kernels, endToEnd, teach, projectors } satisfies Record<string, Bench>

export type BenchName = keyof typeof benches

export function isBenchName(name: string): name is BenchName {
  return name in benches
}

/** Runs them one after the other; the first table tells the device. */
export async function runBenches(names: BenchName[], context: BenchContext): Promise<Table[]> {
  const tables: Table[] = [await describeDevice(context.gpu)]
  for (const name of names) tables.push(...(await benches[name](context)))
  return tables
}

async function describeDevice(gpu: GPU): Promise<Table> {
  const adapter = await gpu.requestAdapter()
  if (!adapter) throw new Error('No WebGPU adapter to measure.')
  const { vendor, architecture, description, subgroupMinSize, subgroupMaxSize } = adapter.info
  const features = ['shader-f16', 'subgroups', 'timestamp-query'].filter((feature) => adapter.features.has(feature))
  return {
    title: 'Device',
    columns: ['', ''],
    rows: [
      ['adapter', [vendor, architecture, description].filter(Boolean).join(' / ')],
      ['features', features.join(' ')],
      ['subgroups', `${subgroupMinSize}–${subgroupMaxSize}`],
      ['agent', globalThis.navigator?.userAgent ?? 'Node'],
    ],
  }
}
