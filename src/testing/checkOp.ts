import { expect, it } from 'vitest'
import type { Gpu } from '../gpu/device.ts'
import type { Activation } from '../gpu/wgsl.ts'
import { executeAndRead } from '../tensor/execute.ts'
import { floatToHalf, halfToFloat } from '../tensor/half.ts'
import type { Pass } from '../tensor/pass.ts'
import { sizeOf, type Tensor } from '../tensor/tensor.ts'
import { allHardness, type Hardness, hardNumbers } from './hardNumbers.ts'
import { testGpu } from './testGpu.ts'

export type Arrays = Record<string, Float64Array>

export interface OpCase {
  [name: string]: number | string | boolean
}

export interface OpCheck<C extends OpCase> {
  /** Shapes of the inputs of a case; `activation` inputs take the tested activation type, the others stay f32. */
  inputs: (c: C) => Record<string, { shape: number[]; activation?: boolean }>
  cases: C[]
  /** The operation; returns its outputs by name. */
  run: (pass: Pass, tensors: Record<string, Tensor>, c: C) => Record<string, Tensor>
  /** The formula in f64, on the inputs as the kernel sees them (rounded to their types). */
  reference: (arrays: Arrays, c: C) => Arrays
  /** Largest error relative to the largest magnitude of an output, per activation type. */
  tolerance?: Partial<Record<Activation, number>>
  hardness?: Hardness[]
  activations?: Activation[]
  /** Values in place of the hard numbers, by input name. */
  values?: Partial<Record<string, (count: number, c: C) => Float32Array>>
  /** Magnitude of the `large` values; f16 keeps to 100, so that its squares stay finite. */
  peak?: number
}

/**
 * Compares an operation with its f64 reference for every case, every kind of hard number and every activation type that the
 * device has. Errors name the output, the element and both values.
 */
export function checkOp<C extends OpCase>(name: string, check: OpCheck<C>): void {
  for (const activation of check.activations ?? (['f32', 'f16'] as const)) {
    for (const c of check.cases) {
      it(`${name} ${activation} ${Object.entries(c)
        .map(([k, v]) => `${k}=${v}`)
        .join(' ')}`, async ({ skip }) => {
        const gpu = await testGpu()
        if (activation === 'f16' && !gpu.abilities.f16) skip('this device has no shader-f16')
        for (const kind of check.hardness ?? allHardness) await compare(name, check, c, kind, activation)
      })
    }
  }
}

async function compare<C extends OpCase>(
  name: string,
  check: OpCheck<C>,
  c: C,
  kind: Hardness,
  activation: Activation,
) {
  const gpu = await testGpu()
  const { arrays, tensors } = uploadInputs(gpu, check, c, kind, activation)
  const expected = check.reference(arrays, c)
  const actual = await executeAndRead(gpu, name, (pass) => check.run(pass, tensors, c))
  gpu.memory.giveBack(Object.values(tensors).map((tensor) => tensor.buffer))
  const tolerance = check.tolerance?.[activation] ?? (activation === 'f16' ? 4e-3 : 1e-5)
  for (const [key, want] of Object.entries(expected))
    expectClose(`${name}.${key} on ${kind}`, actual[key]!, want, tolerance)
}

/** The inputs of a case: as tensors of the tested type, and in f64 as the kernel sees them. */
export function uploadInputs<C extends OpCase>(
  gpu: Gpu,
  check: Pick<OpCheck<C>, 'inputs' | 'values' | 'peak'>,
  c: C,
  kind: Hardness,
  activation: Activation,
): { arrays: Arrays; tensors: Record<string, Tensor> } {
  const arrays: Arrays = {}
  const tensors: Record<string, Tensor> = {}
  const peak = activation === 'f16' ? Math.min(100, check.peak ?? 1e4) : (check.peak ?? 1e4)
  Object.entries(check.inputs(c)).forEach(([key, input], i) => {
    const count = sizeOf(input.shape)
    const values = check.values?.[key]?.(count, c) ?? hardNumbers(count, kind, 100 + i, peak)
    const half = activation === 'f16' && input.activation === true
    const bits = half ? Uint16Array.from(values, floatToHalf) : values
    arrays[key] = Float64Array.from(half ? Array.from(bits, halfToFloat) : values)
    const buffer = gpu.memory.lend(Math.max(16, Math.ceil(bits.byteLength / 4) * 4))
    const padded = new Uint8Array(Math.ceil(bits.byteLength / 4) * 4)
    padded.set(new Uint8Array(bits.buffer))
    gpu.device.queue.writeBuffer(buffer, 0, padded)
    tensors[key] = { buffer, shape: input.shape, type: half ? 'f16' : 'f32' }
  })
  return { arrays, tensors }
}

/** Fails unless every element is within `tolerance` times the largest magnitude of `want`; says where it is worst. */
export function expectClose(what: string, got: ArrayLike<number>, want: ArrayLike<number>, tolerance: number): void {
  expect(got.length, `${what}: length`).toBe(want.length)
  let largest = 0
  for (let i = 0; i < want.length; i++) largest = Math.max(largest, Math.abs(want[i]!))
  const bound = tolerance * Math.max(largest, 1e-6)
  let worst = -1
  let error = bound
  for (let i = 0; i < want.length; i++) {
    const off = Math.abs(got[i]! - want[i]!)
    if (!(off <= error)) {
      worst = i
      error = Number.isNaN(off) ? Number.POSITIVE_INFINITY : off
    }
  }
  if (worst < 0) return
  expect.fail(
    `${what}: element ${worst} is ${got[worst]}, the reference says ${want[worst]}; off by ${error}, allowed ${bound}`,
  )
}
