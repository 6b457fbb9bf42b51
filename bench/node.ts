import { nodeGpu } from '../src/testing/nodeGpu.ts'
import { type BenchName, runBenches } from './benches.ts'
import type { Table } from './table.ts'

/** Runs the benches in this process, on Dawn. */
export function runInNode(names: BenchName[], all: boolean, log: (line: string) => void): Promise<Table[]> {
  return runBenches(names, { gpu: nodeGpu(), all, log })
}
