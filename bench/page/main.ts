import { type BenchName, runBenches } from '../benches.ts'
import type { Table } from '../table.ts'

declare global {
  var runBeagleBenches: (names: BenchName[]) => Promise<Table[]>
}

globalThis.runBeagleBenches = (names) => runBenches(names, { gpu: navigator.gpu, log: (line) => console.info(line) })
