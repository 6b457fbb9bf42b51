import type { Gpu } from '../src/gpu/device.ts'
import { copy, flopsPerRound, multiplyAdd } from '../src/ops/roof.ts'
import { executeAndRead, record, stateTensor, upload } from '../src/tensor/execute.ts'
import type { Pass } from '../src/tensor/pass.ts'
import type { KernelCase } from './kernelCases.ts'
import { median } from './table.ts'

/** A measurement lasts at least so long, so that submitting it does not count. */
export const measureMs = 60
export const rounds = 5
/** What is slow is measured less often. */
const [fewestRounds, patienceMs] = [3, 2000]

/** What several measurements gave, in milliseconds; a busy machine moves the quartiles, least the best. */
export interface Spread {
  best: number
  quarter: number
  median: number
  threeQuarters: number
}

export function spreadOf(times: number[]): Spread {
  const sorted = [...times].sort((a, b) => a - b)
  const at = (share: number) => sorted[Math.round(share * (sorted.length - 1))]!
  return { best: at(0), quarter: at(0.25), median: median(sorted), threeQuarters: at(0.75) }
}

const short = (ms: number) => (ms >= 100 ? ms.toFixed(0) : String(Number(ms.toPrecision(3))))

/** The middle half of the measurements. */
export const quartiles = ({ quarter, threeQuarters }: Spread) => `${short(quarter)}–${short(threeQuarters)}`

/** What the device reaches at best: operations and bytes per millisecond. */
export interface Roofs {
  flops: number
  bytes: number
}

/** Plain multiply-adds in registers, and a plain copy of 16 MiB whose bytes count twice, read and written. */
export async function measureRoofs(gpu: Gpu, by: 'median' | 'best'): Promise<Roofs> {
  const factor = stateTensor(gpu, 'factor', [4])
  upload(gpu, factor, Float32Array.of(0.999, 0.001, 0, 0))
  const block = stateTensor(gpu, 'block', [4 << 20])
  const work = { invocations: 1 << 14, rounds: 64 }
  const arithmetic = await time(gpu, (pass) => multiplyAdd(pass, { x: factor }, work))
  const copying = await time(gpu, (pass) => copy(pass, { x: block }))
  for (const { buffer } of [factor, block]) gpu.memory.destroy(buffer)
  const flops = work.invocations * work.rounds * flopsPerRound
  return { flops: flops / arithmetic[by], bytes: (2 * 4 * (4 << 20)) / copying[by] }
}

/** Throws where a kernel's result is not what it must be. */
export async function verify(gpu: Gpu, one: KernelCase): Promise<void> {
  const { y } = await executeAndRead(gpu, one.name, (pass) => ({ y: one.run(pass) }))
  const scale = Math.max(...one.expected.map(([, value]) => Math.abs(value)), 1e-3)
  for (const [at, value] of one.expected) {
    if (Math.abs(y[at]! - value) <= 2e-3 * scale) continue
    throw new Error(`${one.name}, ${one.shape}: element ${at} is ${y[at]}, should be ${value}.`)
  }
}

/** Milliseconds of one run, from recordings long enough that submitting them does not count. */
export function time(gpu: Gpu, run: (pass: Pass) => unknown): Promise<Spread> {
  return repeated(async (count) => {
    const recording = await record(gpu, 'bench', (pass) => {
      for (let i = 0; i < count; i++) {
        pass.scope(() => {
          run(pass)
          return []
        })
      }
    })
    return {
      async run() {
        recording.replay()
        await gpu.settle()
      },
      dispose: recording.dispose,
    }
  })
}

interface Repeated {
  /** Resolves when all is computed. */
  run(): Promise<void>
  dispose?(): void
}

/** Milliseconds of one of `count` units of work that are run together, of so many that a measurement is long enough. */
export async function repeated(make: (count: number) => Promise<Repeated>): Promise<Spread> {
  for (let count = 1; ; ) {
    const work = await make(count)
    const measure = async () => {
      const start = performance.now()
      await work.run()
      return performance.now() - start
    }
    await measure()
    const first = await measure()
    if (first < measureMs && count < 4096) {
      work.dispose?.()
      count = Math.min(4096, Math.ceil((count * 1.3 * measureMs) / Math.max(first, measureMs / 16)))
      continue
    }
    const times: number[] = []
    const start = performance.now()
    while (times.length < fewestRounds || (times.length < rounds && performance.now() - start < patienceMs))
      times.push((await measure()) / count)
    work.dispose?.()
    return spreadOf(times)
  }
}

/** Each work's time. They take turns, so that a busy machine is unfair to all alike; the first turn does not count. */
export async function takeTurns(runs: number, works: (() => Promise<unknown>)[]): Promise<Spread[]> {
  const times: number[][] = works.map(() => [])
  for (let run = 0; run <= runs; run++) {
    for (const [i, work] of works.entries()) {
      const start = performance.now()
      await work()
      if (run > 0) times[i]!.push(performance.now() - start)
    }
  }
  return times.map(spreadOf)
}
