import { expect, it } from 'vitest'
import { bytesSource } from '../checkpoint/byteSource.ts'
import { readFloat32, readTensor, singleCheckpoint } from '../checkpoint/checkpoint.ts'
import type { TensorRef } from '../checkpoint/safetensors.ts'
import type { Gpu } from '../gpu/device.ts'
import { type Loaded, leavesOf, type MatrixLeaf, type SpecTree, specOf, type VectorLeaf } from '../models/tree.ts'
import { release, upload } from '../models/upload.ts'
import { sums } from '../ops/add.ts'
import { executeAndRead, stateTensor, upload as write } from '../tensor/execute.ts'
import type { Pass } from '../tensor/pass.ts'
import { Tape } from '../tensor/tape.ts'
import { rowsOf, sizeOf, type Tensor, widthOf } from '../tensor/tensor.ts'
import { type Parameter, releaseParameters, trainable } from '../train/parameters.ts'
import { expectClose } from './checkOp.ts'
import { goldenBytes } from './models.ts'
import { testGpu } from './testGpu.ts'

/** A projector: features x [B·N, Dv] of `images` images → visual tokens [B·M, D]. */
type Run<S> = (pass: Pass, weights: Loaded<S>, x: Tensor, given: Given) => Tensor

interface Given {
  images: number
  /** What else the golden was run with, by its name in the file; whole numbers as u32 [count]. */
  inputs: Record<string, Tensor>
}

/** The `projector_config` of a golden's metadata. */
export async function projectorGoldenConfig(name: string): Promise<Record<string, unknown>> {
  const { metadata } = await opened(`${name}.safetensors`)
  return JSON.parse(metadata.get('projector_config')!)
}

/**
 * Compares a projector with goldens/projectors/`name`: that the spec names just the tensors of the file, y within 1e-4 with and
 * without a tape, and dx and every gradient that the golden has within 1e-3 of the largest magnitude. A bias of keys has no gradient,
 * since it moves all scores of a row alike: there both sides must be nothing but rounding.
 */
export function checkProjectorGolden<S extends SpecTree>(name: string, spec: S, run: Run<S>): void {
  it(`${name}: y, dx and the gradients of all parameters are those of the golden`, async () => {
    const gpu = await testGpu()
    const { tensors } = await opened(`${name}.safetensors`)
    const wanted = Object.entries(specOf(spec)).map(([key, { shape }]) => [key, [...shape]])
    const found = [...tensors].map(([key, { shape }]) => [key, shape])
    expect(Object.fromEntries(wanted)).toEqual(Object.fromEntries(found))
    const weights = await upload(gpu, spec, new Map(tensors), { weights: 'f32' })
    const parameters = trainable(gpu, weights)
    const expected = (await opened(`${name}.expected.safetensors`)).tensors
    const got = await computed(gpu, weights, parameters, expected, run)
    const gradients = bySource(spec, parameters, got)
    const results = [...expected].filter(([key]) => isResult(key))
    const wants = await Promise.all(results.map(async ([key, ref]) => [key, await readFloat32(ref)] as const))
    const rounding = 1e-6 * Math.max(...wants.filter(([key]) => key !== 'y').map(([, want]) => largest(want)))
    for (const [key, want] of wants) {
      const found = gradients[key] ?? got[key] ?? []
      if (key === 'y') expectClose(`${name}.y without a tape`, got.plain!, want, 1e-4)
      if (largest(want) > rounding) expectClose(`${name}.${key}`, found, want, key === 'y' ? 1e-4 : 1e-3)
      else expect(largest(found), `${name}.${key}, which is 0 but for rounding`).toBeLessThan(rounding)
    }
    releaseParameters(gpu, parameters)
    release(gpu, weights)
  })
}

const isResult = (key: string) => /^(y|dx|grad\..*)$/.test(key)
const largest = (values: ArrayLike<number>) => Array.from(values).reduce((most, x) => Math.max(most, Math.abs(x)), 0)

async function opened(file: string) {
  return singleCheckpoint(bytesSource(file, goldenBytes(`projectors/${file}`)))
}

/** y with a tape and without (`plain`), dx, and the gradient of each parameter by its number. */
async function computed<S>(
  gpu: Gpu,
  weights: Loaded<S>,
  parameters: Parameter[],
  expected: ReadonlyMap<string, TensorRef>,
  run: Run<S>,
): Promise<Record<string, ArrayLike<number>>> {
  const names = [...expected.keys()].filter((key) => !isResult(key))
  const tensors = await Promise.all(names.map((key) => put(gpu, expected.get(key)!)))
  const { x, dy, ...inputs } = Object.fromEntries(names.map((key, i) => [key, tensors[i]!]))
  const [images] = x!.shape as [number]
  const features = { ...x!, shape: [rowsOf(x!), widthOf(x!)] }
  const got = await executeAndRead(gpu, 'projector', (pass) => {
    const plain = run(pass, weights, features, { images, inputs })
    const tape = new Tape(new Map(parameters.map(({ operand, gradient }) => [operand, gradient])), sums)
    tape.watch(features)
    pass.tape = tape
    const y = run(pass, weights, features, { images, inputs })
    const kept = pass.scratch(y.shape)
    pass.copy(y, kept)
    const dx = tape.backward(pass, y, { ...dy!, shape: y.shape }).get(features)!
    pass.tape = undefined
    const gradients = parameters.map(({ gradient }, i) => [i, gradient])
    return { plain, y: kept, dx, ...Object.fromEntries(gradients) } as Record<string, Tensor>
  })
  for (const { buffer } of tensors) gpu.memory.destroy(buffer)
  return got
}

/** A tensor of a file on the GPU; whole numbers as u32. */
async function put(gpu: Gpu, ref: TensorRef): Promise<Tensor> {
  const whole = ref.dtype === 'I32'
  const tensor = stateTensor(gpu, ref.name, ref.shape, whole ? 'u32' : 'f32')
  const { buffer } = await readTensor(ref)
  write(gpu, tensor, whole ? new Uint32Array(buffer) : new Float32Array(buffer))
  return tensor
}

/** Gradients by the names that goldens give them: each parameter's, cut into the file's tensors, a matrix without its rows' padding. */
function bySource(spec: SpecTree, parameters: Parameter[], got: Record<string, ArrayLike<number>>) {
  const leaves = leavesOf(spec).filter((leaf): leaf is MatrixLeaf | VectorLeaf => leaf.kind !== 'unread')
  const gradients = leaves.flatMap((leaf, i) => {
    const width = leaf.kind === 'matrix' ? widthOf(parameters[i]!.gradient) : 1
    const whole = Array.from(got[i]!).filter((_, at) => leaf.kind === 'vector' || at % width < leaf.cols)
    let from = 0
    return leaf.sources.map(({ name, shape }): [string, number[]] => {
      const begin = from
      from += sizeOf(shape)
      return [`grad.${name}`, whole.slice(begin, from)]
    })
  })
  return Object.fromEntries(gradients)
}
