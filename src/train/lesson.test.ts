import { describe, expect, it } from 'vitest'
import { executeAndRead, stateTensor, upload } from '../tensor/execute.ts'
import { testGpu } from '../testing/testGpu.ts'
import { assemble, countLabels, Desk } from './lesson.ts'

const image = 9
const short = { ids: [1, image, image, 5], labels: [-100, -100, 7, 8] }
const long = { ids: [1, image, image, 5, 6, 4], labels: [-100, -100, -100, 7, -100, 3] }

describe('assemble', () => {
  it('pads at the right, numbers visual tokens through the batch and lists the rows that count', () => {
    const batch = assemble([short, long], image)
    expect(batch).toMatchObject({ sequences: 2, length: 6 })
    expect([...batch.ids]).toEqual([1, image, image, 5, 0, 0, 1, image, image, 5, 6, 4])
    expect([...batch.source]).toEqual([0, 1, 2, 0, 0, 0, 0, 3, 4, 0, 0, 0])
    expect([...batch.rows]).toEqual([2, 3, 9, 11])
    expect([...batch.labels]).toEqual([7, 8, 7, 3])
    expect(batch.answers).toEqual([
      { example: 0, first: 0, end: 2 },
      { example: 1, first: 2, end: 3 },
      { example: 1, first: 3, end: 4 },
    ])
    expect(countLabels(short) + countLabels(long)).toBe(4)
  })

  it('keeps answers apart that end one sequence and begin the next', () => {
    const all = { ids: [1, 2], labels: [2, 3] }
    expect(assemble([all, all], image).answers).toEqual([
      { example: 0, first: 0, end: 2 },
      { example: 1, first: 2, end: 4 },
    ])
  })
})

describe('Desk', () => {
  it('lays batches of different lengths on the same buffers', async () => {
    const gpu = await testGpu()
    const desk = new Desk(gpu)
    const features = stateTensor(gpu, 'features', [2, 4])
    upload(gpu, features, new Float32Array(8).fill(1))
    const read = async (examples: (typeof short)[]) => {
      const lesson = desk.lay(
        assemble(examples, image),
        examples.map(() => features),
      )
      const { ids } = await executeAndRead(gpu, 'read', () => ({ ids: lesson.ids }))
      return { lesson, ids: [...ids] }
    }
    const first = await read([long, short])
    const created = gpu.memory.created
    const second = await read([short])
    expect(second.ids).toEqual(short.ids)
    expect(second.lesson.features.shape).toEqual([2, 4])
    expect(second.lesson.ids.buffer).toBe(first.lesson.ids.buffer)
    // Reading back takes one buffer; laying takes none.
    expect(gpu.memory.created).toBe(created + 1)
    desk.dispose()
  })
})
