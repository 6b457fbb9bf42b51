import { afterEach, describe, expect, it } from 'vitest'
import { Gpu } from '../gpu/device.ts'
import { copy } from '../ops/roof.ts'
import { nodeGpu } from '../testing/nodeGpu.ts'
import type { TestGpu } from '../testing/setup.ts'
import { execute, executeAndRead, record, stateTensor, upload } from './execute.ts'
import type { Tensor } from './tensor.ts'

describe('execute', () => {
  let gpu: Gpu
  const fresh = async () => {
    const requestAdapter = (nodeGpu() as TestGpu).unshared!
    gpu = await Gpu.open({ requestAdapter } as GPU)
  }
  afterEach(() => gpu.dispose())

  it('reads back what the pass computed', async () => {
    await fresh()
    const x = stateTensor(gpu, 'x', [8])
    upload(gpu, x, Float32Array.of(1, 2, 3, 4, 5, 6, 7, 8))
    const { y } = await executeAndRead(gpu, 'copy', (pass) => ({ y: copy(pass, { x }) }))
    expect([...y]).toEqual([1, 2, 3, 4, 5, 6, 7, 8])
  })

  it('lends scratch again after its scope, and keeps what the scope returns', async () => {
    await fresh()
    await execute(gpu, 'scopes', (pass) => {
      let inner: Tensor | undefined
      const kept = pass.scope(() => {
        inner = pass.scratch([100])
        return pass.scratch([100])
      })
      const next = pass.scratch([100])
      expect(next.buffer).toBe(inner!.buffer)
      expect(next.buffer).not.toBe(kept.buffer)
    })
  })

  it('replays a recording without creating anything', async () => {
    await fresh()
    const x = stateTensor(gpu, 'x', [8])
    const y = stateTensor(gpu, 'y', [8])
    const step = await record(gpu, 'step', (pass) => pass.copy(copy(pass, { x }), y))
    const before = { created: gpu.memory.created, ...gpu.counters }
    for (let i = 0; i < 3; i++) step.replay()
    expect({ created: gpu.memory.created, ...gpu.counters }).toEqual({
      ...before,
      submits: before.submits + 3,
      dispatches: before.dispatches + 3,
    })
    step.dispose()
  })

  it('replays a recording whose scratch was lent to others and outlives a trim', async () => {
    await fresh()
    const x = stateTensor(gpu, 'x', [8])
    const y = stateTensor(gpu, 'y', [8])
    upload(gpu, x, Float32Array.from([1, 2, 3, 4, 5, 6, 7, 8]))
    const step = await record(gpu, 'step', (pass) => {
      pass.scope(() => {
        pass.copy(copy(pass, { x }), y)
        return []
      })
    })
    await execute(gpu, 'other', (pass) => void copy(pass, { x: y }))
    gpu.memory.trim()
    step.replay()
    const read = await executeAndRead(gpu, 'read', () => ({ y }))
    expect([...read.y]).toEqual([1, 2, 3, 4, 5, 6, 7, 8])
    const { scratch } = gpu.memory.bytes
    step.dispose()
    gpu.memory.trim()
    expect(gpu.memory.bytes.scratch).toBeLessThan(scratch)
  })

  it('lists the right names where a buffer or parameter has a wrong one', async () => {
    await fresh()
    const x = stateTensor(gpu, 'x', [8])
    const wrong = execute(gpu, 'wrong', (pass) => {
      pass.run({ shader: 'roof', entry: 'copy' }, { x, z: x }, { count: 2, rounds: 0 }, [1])
    })
    await expect(wrong).rejects.toThrow('roof.copy: buffers expected are x, y; it does not know z and lacks y.')
  })

  it('turns a refused command into an error with the name of the work', async () => {
    await fresh()
    const x = stateTensor(gpu, 'x', [8])
    const run = executeAndRead(gpu, 'bad copy', (pass) => {
      const y = pass.scratch([8])
      pass.copy(x, y, 1 << 20)
      return { y }
    })
    await expect(run).rejects.toMatchObject({ code: 'gpu-validation', message: expect.stringContaining('bad copy') })
  })

  it('turns a buffer beyond the limit into an error that names it', async () => {
    await fresh()
    const size = gpu.device.limits.maxBufferSize + 16
    expect(() => gpu.memory.create('huge', size, 'state', GPUBufferUsage.STORAGE)).toThrow(/huge needs a buffer of/)
  })

  it('ends a read with device-lost when the device goes', async () => {
    await fresh()
    const x = stateTensor(gpu, 'x', [1 << 20])
    const reading = executeAndRead(gpu, 'copy', (pass) => ({ y: copy(pass, { x }) }))
    gpu.device.destroy()
    await expect(reading).rejects.toMatchObject({ code: 'device-lost' })
    await expect(gpu.lost).resolves.toMatchObject({ code: 'device-lost' })
  })
})
