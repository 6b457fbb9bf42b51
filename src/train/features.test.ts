import { describe, expect, it } from 'vitest'
import { executeAndRead, stateTensor, upload } from '../tensor/execute.ts'
import { memoryStore } from '../testing/teaching.ts'
import { testGpu } from '../testing/testGpu.ts'
import { Features } from './features.ts'

const gpu = await testGpu()
const shape = [2, 3] as const

/** An image whose features are all `value`, and how often it was encoded. */
function image(key: string, value: number) {
  const seen = { key, encoded: 0, encode }
  async function encode() {
    seen.encoded++
    const tensor = stateTensor(gpu, 'features', shape)
    upload(gpu, tensor, new Float32Array(6).fill(value))
    return tensor
  }
  return seen
}

async function valuesOf(features: Features, ...keys: string[]): Promise<number[]> {
  const tensors = await features.of(keys)
  const read = await executeAndRead(gpu, 'read', () => Object.fromEntries(tensors.map((tensor, i) => [`${i}`, tensor])))
  return Object.values(read).map((values) => values[5]!)
}

describe('Features', () => {
  it('encodes each image once', async () => {
    const features = new Features(gpu, shape, 'model')
    const [a, b] = [image('a', 1), image('b', 2)]
    for (const seen of [a, b, a]) await features.learn(seen)
    expect(await valuesOf(features, 'b', 'a', 'b')).toEqual([2, 1, 2])
    expect([a.encoded, b.encoded]).toEqual([1, 1])
    features.dispose()
  })

  it('finds them in the store, unless the encoder is another', async () => {
    const store = memoryStore()
    const first = new Features(gpu, shape, 'model-q4', store)
    await first.learn(image('a', 1.5))
    first.dispose()
    const [again, other] = [image('a', 7), image('a', 8)]
    const second = new Features(gpu, shape, 'model-q4', store)
    await second.learn(again)
    expect(await valuesOf(second, 'a')).toEqual([1.5])
    expect(again.encoded).toBe(0)
    const third = new Features(gpu, shape, 'model-f32', store)
    await third.learn(other)
    expect(await valuesOf(third, 'a')).toEqual([8])
    second.dispose()
    third.dispose()
  })

  it('keeps no more on the GPU than allowed and brings the others back', async () => {
    const features = new Features(gpu, shape, 'model', undefined, 2 * 32)
    const images = [1, 2, 3].map((value) => image(`${value}`, value))
    const before = gpu.memory.bytes.state
    for (const seen of images) await features.learn(seen)
    expect(gpu.memory.bytes.state - before).toBe(2 * 32)
    expect(features.forecast(3)).toBe(2 * 32)
    expect(await valuesOf(features, '1', '3')).toEqual([1, 3])
    expect(await valuesOf(features, '1', '2', '3')).toEqual([1, 2, 3])
    expect(images.map(({ encoded }) => encoded)).toEqual([2, 2, 1])
    features.dispose()
    expect(gpu.memory.bytes.state).toBe(before)
  })
})
