import { Gpu } from '../gpu/device.ts'
import { nodeGpu } from './nodeGpu.ts'

let shared: Promise<Gpu> | undefined

/** One device for all tests of a process, so that each kernel is compiled once. */
export function testGpu(): Promise<Gpu> {
  shared ??= Gpu.open(nodeGpu())
  return shared
}
