import { describe, expect, it } from 'vitest'
import { bytesSource } from '../checkpoint/byteSource.ts'
import { readFloat32, singleCheckpoint } from '../checkpoint/checkpoint.ts'
import { executeAndRead } from '../tensor/execute.ts'
import type { Pass } from '../tensor/pass.ts'
import { Tape } from '../tensor/tape.ts'
import type { Tensor } from '../tensor/tensor.ts'
import { checkGradients, sums } from '../testing/checkGradients.ts'
import { type Arrays, checkOp, expectClose } from '../testing/checkOp.ts'
import { hardNumbers, seeded } from '../testing/hardNumbers.ts'
import { goldenBytes } from '../testing/models.ts'
import { testGpu } from '../testing/testGpu.ts'
import { deformableSampling } from './deformableSampling.ts'
import { cellsOf, plainSampling, pointsOf, type SamplingShape } from './plainSampling.ts'

/** y and the gradients of Σ y · dy on the GPU. */
async function computed(
  shape: SamplingShape,
  arrays: Record<'value' | 'locations' | 'weights' | 'dy', Float32Array>,
  cpu: boolean,
) {
  const gpu = await testGpu()
  const { images, queries, heads, width, points, levels } = shape
  const shapes = {
    value: [cellsOf(shape), heads * width],
    locations: [images * queries, heads, levels.length, points, 2],
    weights: [images * queries, heads, levels.length, points],
    dy: [images * queries, heads * width],
  }
  const put = (name: keyof typeof shapes): Tensor => {
    const buffer = gpu.memory.lend(Math.max(16, 4 * arrays[name].length))
    gpu.device.queue.writeBuffer(buffer, 0, arrays[name] as Float32Array<ArrayBuffer>)
    return { buffer, shape: shapes[name], type: 'f32' }
  }
  const [value, locations, weights, dy] = [put('value'), put('locations'), put('weights'), put('dy')]
  const got = await executeAndRead(gpu, 'sampling', (pass) => {
    const tape = new Tape(new Map(), sums)
    for (const tensor of [value, locations, weights]) tape.watch(tensor)
    pass.tape = tape
    const y = deformableSampling(pass, { value, locations, weights }, { levels, heads, points, images, cpu })
    const kept = pass.scratch(y.shape)
    pass.copy(y, kept)
    const flows = tape.backward(pass, y, dy)
    pass.tape = undefined
    return { y: kept, dValue: flows.get(value)!, dLocations: flows.get(locations)!, dWeights: flows.get(weights)! }
  })
  gpu.memory.giveBack([value, locations, weights, dy].map(({ buffer }) => buffer))
  return got
}

async function compare(what: string, shape: SamplingShape, locations: Float32Array, tolerance = 2e-5) {
  const { images, queries, heads, width } = shape
  const arrays = {
    value: hardNumbers(cellsOf(shape) * heads * width, 'mixed', 1),
    locations,
    weights: hardNumbers(pointsOf(shape), 'mixed', 2),
    dy: hardNumbers(images * queries * heads * width, 'mixed', 3),
  }
  const want = plainSampling(shape, arrays)
  for (const cpu of [true, false]) {
    const got = await computed(shape, arrays, cpu)
    for (const key of ['y', 'dValue', 'dLocations', 'dWeights'] as const)
      expectClose(`${what}, ${cpu ? 'as on a CPU' : 'as on a GPU'}: ${key}`, got[key], want[key], tolerance)
  }
}

const shapes: Record<string, SamplingShape> = {
  'one cell': { images: 1, queries: 3, heads: 1, width: 1, points: 1, levels: [{ height: 1, width: 1 }] },
  'three images, a map that is not square, heads of 5': {
    images: 3,
    queries: 7,
    heads: 3,
    width: 5,
    points: 3,
    levels: [{ height: 3, width: 7 }],
  },
  'three levels, one of a single row': {
    images: 2,
    queries: 9,
    heads: 2,
    width: 8,
    points: 4,
    levels: [
      { height: 8, width: 4 },
      { height: 1, width: 5 },
      { height: 2, width: 2 },
    ],
  },
  'more heads than a workgroup of the chain has': {
    images: 1,
    queries: 2,
    heads: 11,
    width: 4,
    points: 2,
    levels: [{ height: 4, width: 4 }],
  },
  'many points on few cells': {
    images: 2,
    queries: 100,
    heads: 2,
    width: 16,
    points: 5,
    levels: [{ height: 2, width: 2 }],
  },
  'heads of 128': { images: 1, queries: 16, heads: 3, width: 128, points: 4, levels: [{ height: 6, width: 6 }] },
}

/** A pixel of a map whose side is no power of two is rounded on its way, on which side of the cell is the device's choice. */
const nudge = (size: number) => (Number.isInteger(Math.log2(size)) ? 0 : 1e-3)

/** Locations that hurt, as a function of a random number and the size of the map. */
const places: Record<string, (random: () => number, size: number) => number> = {
  'anywhere, also a little outside': (random) => 1.4 * random() - 0.2,
  'exactly on cells and one beyond them': (random, size) =>
    (Math.floor(random() * (size + 2)) - 0.5 + nudge(size)) / size,
  'on the borders': (random) => Math.round(random()),
  'all at one place': () => 0.37,
  'far outside': (random) => [-1, 2, 1e9, -1e9, 1e30, 0.5][Math.floor(6 * random())]!,
}

describe('deformableSampling', () => {
  for (const [name, shape] of Object.entries(shapes)) {
    it.each(Object.keys(places))(`${name}: points %s`, async (where) => {
      const random = seeded(5)
      const { levels, points } = shape
      const locations = Float32Array.from({ length: 2 * pointsOf(shape) }, (_, i) => {
        const { width, height } = levels[Math.floor(i / 2 / points) % levels.length]!
        return places[where]!(random, i % 2 ? height : width)
      })
      await compare(name, shape, locations)
    })
  }

  const smooth = [
    { images: 2, queries: 5, heads: 2, width: 6, points: 3 },
    { images: 1, queries: 9, heads: 1, width: 20, points: 1 },
    { images: 3, queries: 2, heads: 3, width: 16, points: 4 },
  ]
  const between = {
    levels: [
      { height: 3, width: 5 },
      { height: 4, width: 2 },
    ],
  }
  const check = {
    cases: smooth,
    inputs: (c: (typeof smooth)[0]) => ({
      value: { shape: [cellsOf({ ...c, ...between }), c.heads * c.width], activation: true },
      locations: { shape: [c.images * c.queries, c.heads, 2, c.points, 2] },
      weights: { shape: [c.images * c.queries, c.heads, 2, c.points], activation: true },
    }),
    values: {
      locations: (count: number, { points }: (typeof smooth)[0]) => {
        const random = seeded(count)
        return Float32Array.from({ length: count }, (_, i) => {
          const { width, height } = between.levels[Math.floor(i / 2 / points) % 2]!
          const size = i % 2 ? height : width
          return (Math.floor(random() * (size + 2)) - 1 + 0.1 + 0.8 * random()) / size + 0.5 / size
        })
      },
    },
    reference: ({ value, locations, weights }: Arrays, c: (typeof smooth)[0]) => {
      const dy = new Float64Array(c.images * c.queries * c.heads * c.width)
      return plainSampling(
        { ...c, ...between },
        { value: value!, locations: locations!, weights: weights!, dy },
      ) as Arrays
    },
  }
  const sampled = (pass: Pass, { value, locations, weights }: Record<string, Tensor>, c: (typeof smooth)[0]) =>
    deformableSampling(pass, { value: value!, locations: locations!, weights: weights! }, { ...c, ...between })

  checkOp('deformableSampling', {
    ...check,
    run: (pass, tensors, c) => ({ y: sampled(pass, tensors, c) }),
    reference: (arrays, c) => ({ y: check.reference(arrays, c).y! }),
  })

  checkGradients('deformableSampling', { ...check, run: sampled, wrt: ['value', 'locations', 'weights'] })

  it('has the slope towards the next cell where a point lies on one', async () => {
    const shape: SamplingShape = {
      images: 1,
      queries: 4,
      heads: 1,
      width: 1,
      points: 1,
      levels: [{ height: 1, width: 4 }],
    }
    const at = [-1, 0, 1, 3].flatMap((pixel) => [(pixel + 0.5) / 4, 0.5])
    const arrays = {
      value: Float32Array.of(1, 3, 6, 10),
      locations: Float32Array.from(at),
      weights: new Float32Array(4).fill(1),
      dy: new Float32Array(4).fill(1),
    }
    for (const cpu of [true, false]) {
      const { y, dLocations, dValue } = await computed(shape, arrays, cpu)
      expect([...y]).toEqual([0, 1, 3, 10])
      expect([...dLocations].filter((_, i) => i % 2 === 0)).toEqual([4, 8, 12, -40])
      expect([...dValue]).toEqual([1, 1, 0, 1])
    }
  })

  it('leaves points without a number out, and the others alone', async () => {
    const shape: SamplingShape = {
      images: 2,
      queries: 6,
      heads: 2,
      width: 4,
      points: 3,
      levels: [{ height: 3, width: 3 }],
    }
    const random = seeded(8)
    const bad = [Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY]
    const locations = Float32Array.from({ length: 2 * pointsOf(shape) }, (_, i) =>
      i % 7 ? random() : bad[(i / 7) % 3]!,
    )
    await compare('without a number', shape, locations)
  })

  it('computes the same bits again', async () => {
    const shape = shapes['many points on few cells']!
    const random = seeded(9)
    const numbers = (count: number) => Float32Array.from({ length: count }, random)
    const arrays = {
      value: numbers(cellsOf(shape) * 32),
      locations: numbers(2 * pointsOf(shape)),
      weights: numbers(pointsOf(shape)),
      dy: numbers(200 * 32),
    }
    const once = await computed(shape, arrays, true)
    expect(await computed(shape, arrays, true)).toEqual(once)
    expect(await computed(shape, arrays, false)).toEqual(once)
  })

  it('is equal to PyTorch', async () => {
    const { tensors } = await singleCheckpoint(
      bytesSource('golden', goldenBytes('projectors/deformable-sampling.safetensors')),
    )
    const read = async (name: string) => readFloat32(tensors.get(name)!)
    const [images, height, wide, heads, width] = tensors.get('value')!.shape as [number, number, number, number, number]
    const [, queries, , points] = tensors.get('weights')!.shape as [number, number, number, number]
    const shape = { images, queries, heads, width, points, levels: [{ height, width: wide }] }
    const arrays = {
      value: await read('value'),
      locations: await read('locations'),
      weights: await read('weights'),
      dy: await read('dy'),
    }
    for (const cpu of [true, false]) {
      const got = await computed(shape, arrays, cpu)
      expectClose('y', got.y, await read('y'), 1e-5)
      expectClose('dValue', got.dValue, await read('d_value'), 1e-5)
      expectClose('dLocations', got.dLocations, await read('d_locations'), 1e-5)
      expectClose('dWeights', got.dWeights, await read('d_weights'), 1e-5)
    }
  })
})
