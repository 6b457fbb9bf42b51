import { type BenchName, runBenches } from '../benches.ts'
import type { Table } from '../table.ts'

declare global {
  var runBeagleBenches: (names: BenchName[], all: boolean) => Promise<Table[]>
}

globalThis.runBeagleBenches = (names, all) =>
  runBenches(names, { gpu: navigator.gpu, all, log: (line) => console.info(line) })
