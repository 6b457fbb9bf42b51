import { BeagleError, throwIfAborted } from '../errors.ts'

export interface RetryOptions {
  /** Failures in a row, without a byte between them, after which to give up; default 5. */
  attempts?: number
  /** The first pause in milliseconds, doubled after each failure; default 500. */
  retryDelayMs?: number
}

/** A failure that may pass: a lost connection, a busy server. */
export class TransientError extends Error {
  constructor(
    message: string,
    readonly retryAfterMs?: number,
    options?: ErrorOptions,
  ) {
    super(message, options)
  }
}

function pause(ms: number, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const done = () => {
      clearTimeout(timer)
      signal?.removeEventListener('abort', done)
      resolve()
    }
    const timer = setTimeout(done, ms)
    signal?.addEventListener('abort', done)
  })
}

/** What `fetch` throws when the connection fails is a TypeError; an abort that was not asked for is one of our own time limits. */
function isTransient(error: unknown): error is Error {
  return error instanceof TransientError || error instanceof TypeError || (error as Error)?.name === 'AbortError'
}

/**
 * Runs `attempt` until it succeeds. Transient failures are tried again after a growing pause; `attempt` calls `progress` for whatever
 * it got, which starts the count of failures anew. Throws `aborted`, `network` after the last attempt, or what is not transient.
 */
export async function retrying<T>(
  what: string,
  options: RetryOptions,
  signal: AbortSignal | undefined,
  attempt: (progress: () => void) => Promise<T>,
): Promise<T> {
  const { attempts = 5, retryDelayMs = 500 } = options
  for (let failures = 0; ; ) {
    throwIfAborted(signal)
    try {
      return await attempt(() => {
        failures = 0
      })
    } catch (error) {
      throwIfAborted(signal)
      if (!isTransient(error)) throw error
      if (++failures >= attempts) {
        throw new BeagleError(
          'network',
          `${what} could not be read: ${error.message} (tried ${attempts} times). Check the connection and try again; what has been cached is kept.`,
          { cause: error },
        )
      }
      const wait = error instanceof TransientError ? error.retryAfterMs : undefined
      await pause(wait ?? retryDelayMs * 2 ** (failures - 1), signal)
    }
  }
}
