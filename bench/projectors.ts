import { Gpu } from '../src/gpu/device.ts'
import { measureRoofs, quartiles, type Roofs } from './measure.ts'
import { operationsOf } from './operations.ts'
import { measurePeers } from './peers.ts'
import { allProjectors, type ProjectorCase, someProjectors } from './projectorCases.ts'
import { measureKernels } from './projectorKernels.ts'
import { measureProjector, type ProjectorStep } from './projectorSteps.ts'
import type { Bench, Table } from './table.ts'

const runs = 3

/** Every projector at its paper's size, forward and backward, and what a step of its training takes. */
export const projectors: Bench = async (context) => {
  const { gpu: entry, all, log } = context
  const gpu = await Gpu.open(entry)
  const before = await measureRoofs(gpu, 'best')
  const measured: [ProjectorCase, ProjectorStep][] = []
  for (const one of all ? allProjectors : someProjectors) {
    const step = await measureProjector(gpu, one, runs)
    measured.push([one, step])
    log(`${titleOf(one, step)}: forward ${step.forward.median.toFixed(0)} ms, step ${step.step.median.toFixed(0)} ms`)
  }
  const after = await measureRoofs(gpu, 'best')
  const roofs = { flops: Math.max(before.flops, after.flops), bytes: Math.max(before.bytes, after.bytes) }
  const alone = await measureKernels(gpu, roofs, context)
  const peers = await measurePeers(gpu, log)
  gpu.dispose()
  return [speed(measured, roofs), memory(measured), ...alone, ...peers]
}

const titleOf = ({ name, ends }: ProjectorCase, { tokens }: ProjectorStep) => `${name}, ${ends.positions} → ${tokens}`

function speed(measured: [ProjectorCase, ProjectorStep][], roofs: Roofs): Table {
  return {
    title: 'Projectors: one image, features of width 1024, visual tokens of width 4096, f32',
    note:
      `Σ y · dy has fallen over three steps; then medians of ${runs}, rates by the best. Backward: gradients of all parameters, ` +
      `without the optimizer. The roof is ${(roofs.flops / 1e6).toFixed(0)} GFLOP/s, plain multiply-adds in registers.`,
    columns: [
      ...['projector, N → M', 'M parameters', 'forward, ms', 'quartiles', 'GFLOP/s', '% of roof'],
      ...['backward, ms', 'GFLOP/s', '% of roof', 'step, ms', 'quartiles'],
    ],
    rows: measured.map(([one, step]) => {
      const { forward, both } = step
      const operations = operationsOf(one.ends, one.config)
      const rate = (flops: number, ms: number) => [flops / ms / 1e6, (100 * flops) / ms / roofs.flops]
      return [
        ...[titleOf(one, step), step.parameters / 1e6],
        ...[forward.median, quartiles(forward), ...rate(operations.forward, forward.best)],
        ...[both.median - forward.median, ...rate(operations.backward, both.best - forward.best)],
        ...[step.step.median, quartiles(step.step)],
      ]
    }),
  }
}

function memory(measured: [ProjectorCase, ProjectorStep][]): Table {
  return {
    title: 'Projectors: memory of a training step',
    note: 'Parameters with gradients and two moments; activations and the rest of the scratch, foreseen by building the pass and then taken.',
    columns: ['projector, N → M', 'parameters, MB', 'scratch foreseen, MB', 'taken, MB', 'of forecast, %'],
    rows: measured.map(([one, step]) => {
      const { held, planned, taken } = step
      return [titleOf(one, step), held / 1e6, planned / 1e6, taken / 1e6, (100 * taken) / planned]
    }),
  }
}
