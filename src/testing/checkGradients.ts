import { it } from 'vitest'
import { sums } from '../ops/add.ts'
import { executeAndRead } from '../tensor/execute.ts'
import type { Operand, Pass } from '../tensor/pass.ts'
import { Tape } from '../tensor/tape.ts'
import { sizeOf, type Tensor } from '../tensor/tensor.ts'
import { type Arrays, expectClose, type OpCase, type OpCheck, uploadInputs } from './checkOp.ts'
import { allHardness, hardNumbers, seeded } from './hardNumbers.ts'
import { testGpu } from './testGpu.ts'

export { sums }

export interface GradientCheck<C extends OpCase>
  extends Pick<
    OpCheck<C>,
    'inputs' | 'cases' | 'reference' | 'hardness' | 'activations' | 'values' | 'peak' | 'tolerance'
  > {
  /** The operation; returns the one output y that `reference` gives by that name. */
  run: (pass: Pass, tensors: Record<string, Tensor>, c: C) => Tensor

  /** Activations whose gradients are compared. */
  wrt: string[]
  /** Inputs whose gradients are added to what is there. */
  parameters?: string[]
}

/** Elements of each input whose derivative is taken; all of a smaller one. */
const probes = 40

/**
 * Compares the gradients that a tape gives for Σ y · dy with central differences of the f64 reference, for every case, every kind of
 * hard number and every activation type that the device has.
 */
export function checkGradients<C extends OpCase>(name: string, check: GradientCheck<C>): void {
  for (const activation of check.activations ?? (['f32', 'f16'] as const)) {
    for (const c of check.cases) {
      const title = Object.entries(c).map(([key, value]) => `${key}=${value}`)
      it(`gradients of ${name} ${activation} ${title.join(' ')}`, async ({ skip }) => {
        const gpu = await testGpu()
        if (activation === 'f16' && !gpu.abilities.f16) skip('this device has no shader-f16')
        for (const kind of check.hardness ?? allHardness) {
          const { arrays, tensors } = uploadInputs(gpu, check, c, kind, activation)
          const y = check.reference(arrays, c).y!
          const weights = hardNumbers(y.length, 'mixed', 99)
          const dy = uploadInputs(
            gpu,
            { inputs: () => ({ dy: { shape: [y.length], activation: true } }), values: { dy: () => weights } },
            c,
            kind,
            activation,
          )
          const got = await gradientsOf(name, check, c, tensors, dy.tensors.dy!)
          gpu.memory.giveBack([...Object.values(tensors), ...Object.values(dy.tensors)].map(({ buffer }) => buffer))
          const tolerance = check.tolerance?.[activation] ?? (activation === 'f16' ? 1e-2 : 5e-5)
          for (const key of [...check.wrt, ...(check.parameters ?? [])]) {
            const at = elementsOf(arrays[key]!.length)
            const want = at.map((i) => derivative(check, c, arrays, dy.arrays.dy!, key, i))
            expectClose(
              `d${key} of ${name} on ${kind}`,
              at.map((i) => got[key]![i]!),
              want,
              tolerance,
            )
          }
        }
      })
    }
  }
}

async function gradientsOf<C extends OpCase>(
  name: string,
  { run, wrt, parameters = [] }: GradientCheck<C>,
  c: C,
  tensors: Record<string, Tensor>,
  dy: Tensor,
): Promise<Record<string, ArrayLike<number>>> {
  const gpu = await testGpu()
  const before = 0.5
  const trained = parameters.map((key) => {
    const buffer = gpu.memory.lend(4 * sizeOf(tensors[key]!.shape))
    const into: Tensor = { buffer, shape: tensors[key]!.shape, type: 'f32' }
    return [key, into] as const
  })
  const fill = () => {
    for (const [, { buffer, shape }] of trained)
      gpu.device.queue.writeBuffer(buffer, 0, new Float32Array(sizeOf(shape)).fill(before))
  }
  fill()
  const got = await executeAndRead(gpu, `gradients of ${name}`, (pass) => {
    const tape = new Tape(new Map<Operand, Tensor>(trained.map(([key, into]) => [tensors[key]!, into])), sums)
    for (const key of wrt) tape.watch(tensors[key]!)
    pass.tape = tape
    const y = run(pass, tensors, c)
    const flows = tape.backward(pass, y, { ...dy, shape: y.shape })
    pass.tape = undefined
    return Object.fromEntries([...wrt.map((key) => [key, flows.get(tensors[key]!)!] as const), ...trained])
  })
  gpu.memory.giveBack(trained.map(([, { buffer }]) => buffer))
  return Object.fromEntries(
    Object.entries(got).map(([key, values]) => [
      key,
      parameters.includes(key) ? Float64Array.from(values, (v) => v - before) : values,
    ]),
  )
}

function elementsOf(count: number): number[] {
  if (count <= probes) return Array.from({ length: count }, (_, i) => i)
  const random = seeded(count)
  return Array.from({ length: probes }, () => Math.floor(random() * count))
}

function derivative<C extends OpCase>(
  { reference }: GradientCheck<C>,
  c: C,
  arrays: Arrays,
  dy: Float64Array,
  key: string,
  i: number,
): number {
  const value = arrays[key]![i]!
  const step = 1e-5 * Math.max(1, Math.abs(value))
  const at = (moved: number) => {
    const changed = Float64Array.from(arrays[key]!)
    changed[i] = moved
    return reference({ ...arrays, [key]: changed }, c).y!
  }
  const [high, low] = [at(value + step), at(value - step)]
  return high.reduce((sum, y, j) => sum + ((y - low[j]!) / (2 * step)) * dy[j]!, 0)
}
