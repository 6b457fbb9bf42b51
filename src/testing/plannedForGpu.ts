import { afterAll, beforeAll } from 'vitest'
import { testGpu } from './testGpu.ts'

/** Plans grids and entry points as for a real GPU in the tests of a `describe`, also where a CPU stands in for it. */
export function plannedForGpu(): void {
  let before: boolean | undefined
  const set = async (cpu: boolean) => {
    const { abilities } = (await testGpu()) as { abilities: { cpu: boolean } }
    before ??= abilities.cpu
    abilities.cpu = cpu
  }
  beforeAll(() => set(false))
  afterAll(() => set(before!))
}
