import type { Gpu } from '../src/gpu/device.ts'
import { executeAndRead } from '../src/tensor/execute.ts'
import { checkGridSample } from './gridSampleChecks.ts'
import { quartiles, type Spread, time } from './measure.ts'
import { OnnxGraph, type Onnxruntime, openOnnxruntime } from './onnxruntime.ts'
import { asRows, type PeerCase, peerCases } from './peerCases.ts'
import type { Table } from './table.ts'

/** Ways to run a graph, of which the fastest counts. */
const ways = {
  'as it comes': {},
  NCHW: { layout: 'NCHW' },
  'graph capture': { enableGraphCapture: true },
} as const

/** Parts of projectors through onnxruntime-web's WebGPU backend in the same page; nothing where there is no page. */
export async function measurePeers(gpu: Gpu, log: (line: string) => void): Promise<Table[]> {
  if (!('document' in globalThis)) return []
  const ort = await openOnnxruntime('webgpu')
  const rows: Table['rows'] = []
  for (const make of peerCases(gpu)) {
    const one = make()
    rows.push(await row(gpu, ort, one, log))
    for (const buffer of one.buffers) gpu.memory.destroy(buffer)
    gpu.memory.trim()
    log(`onnxruntime-web, ${one.name}: ${rows.at(-1)!.slice(1).join(', ')}`)
  }
  return [
    {
      title: `Projectors beside onnxruntime-web ${ort.env.versions.web}, WebGPU, forward`,
      note:
        'Same values, kept on the GPU, warm; medians. Difference: the largest of all elements by the largest magnitude, Beagle being verified ' +
        'above. Of three ways to run it (as it comes, preferred layout NCHW, graph capture) the fastest counts. It has no backward pass.',
      columns: [
        'computed',
        'Beagle, ms',
        'quartiles',
        'onnxruntime-web, ms',
        'quartiles',
        'way',
        'times as long',
        'difference',
      ],
      rows,
    },
    await checkGridSample(log),
  ]
}

async function row(
  gpu: Gpu,
  ort: Onnxruntime,
  one: PeerCase,
  log: (line: string) => void,
): Promise<Table['rows'][number]> {
  const { y: own } = await executeAndRead(gpu, one.name, (pass) => ({ y: one.run(pass) }))
  const beagle = await time(gpu, one.run)
  let best: { way: string; spread: Spread } | undefined
  let difference = 0
  for (const [way, options] of Object.entries(ways)) {
    try {
      const graph = await OnnxGraph.open(ort, one, options)
      const y = await graph.read()
      difference = Math.max(difference, apart(one.channels ? asRows(y, one.channels) : y, own as Float32Array))
      const spread = await graph.time()
      if (!best || spread.median < best.spread.median) best = { way, spread }
      await graph.dispose()
    } catch (error) {
      log(`onnxruntime-web refuses ${one.graph}, ${way}: ${(error as Error).message}`)
    }
  }
  if (!best) return [one.name, beagle.median, quartiles(beagle), 'refused']
  const { way, spread } = best
  const times = [beagle.median, quartiles(beagle), spread.median, quartiles(spread), way]
  return [one.name, ...times, spread.median / beagle.median, difference.toExponential(1)]
}

/** The largest difference of two results by the largest magnitude. */
function apart(a: Float32Array, b: Float32Array): number {
  const largest = b.reduce((most, value) => Math.max(most, Math.abs(value)), 0)
  if (a.length !== b.length) throw new Error(`Results of ${a.length} and ${b.length} elements cannot be compared.`)
  return a.reduce((most, value, i) => Math.max(most, Math.abs(value - b[i]!)), 0) / largest
}
