import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { retrying, TransientError } from './retry.ts'

beforeEach(() => {
  vi.useFakeTimers()
})
afterEach(() => {
  vi.useRealTimers()
})

/** Runs to the end and tells at which milliseconds the attempts began. */
async function startsOf(errors: (Error | undefined)[], signal?: AbortSignal) {
  const began = Date.now()
  const starts: number[] = []
  const result = retrying('x.bin', { attempts: 4, retryDelayMs: 100 }, signal, async (progress) => {
    const error = errors[starts.length]
    starts.push(Date.now() - began)
    if (error?.message === 'after progress') progress()
    if (error) throw error
    return 'done'
  }).catch((error) => error)
  await vi.runAllTimersAsync()
  return { starts, result: await result }
}

describe('retrying', () => {
  it('waits twice as long after each failure', async () => {
    const { starts, result } = await startsOf([new TypeError('a'), new TransientError('b'), new TypeError('c')])
    expect(starts).toEqual([0, 100, 300, 700])
    expect(result).toBe('done')
  })

  it('starts counting anew when something has arrived', async () => {
    const progress = () => new TransientError('after progress')
    const { starts, result } = await startsOf([progress(), progress(), progress(), progress(), progress()])
    expect(starts).toEqual([0, 100, 200, 300, 400, 500])
    expect(result).toBe('done')
  })

  it('waits as long as the server asks for', async () => {
    expect((await startsOf([new TransientError('busy', 5000)])).starts).toEqual([0, 5000])
  })

  it('gives up with the last reason, and at once for what will not pass', async () => {
    const { starts, result } = await startsOf([1, 2, 3, 4, 5].map((i) => new TypeError(`reason ${i}`)))
    expect(starts).toHaveLength(4)
    expect(result).toMatchObject({
      code: 'network',
      message: expect.stringMatching(/x.bin could not be read: reason 4 \(tried 4 times\)/),
    })
    expect(await startsOf([new RangeError('bug')])).toMatchObject({ starts: [0], result: expect.any(RangeError) })
  })

  it('stops on abort, also while it waits', async () => {
    const controller = new AbortController()
    setTimeout(() => controller.abort(), 50)
    const { starts, result } = await startsOf([new TypeError('a')], controller.signal)
    expect(starts).toEqual([0])
    expect(result).toMatchObject({ code: 'aborted' })
  })
})
