import { BeagleError } from '../errors.ts'
import { type RetryOptions, TransientError } from './retry.ts'

export interface HttpOptions extends RetryOptions {
  /** Sent to the model's own host only, never to where it redirects. */
  headers?: Record<string, string>
  fetch?: typeof fetch
  /** A connection that brings nothing for this long is taken as broken; default 30 seconds. */
  stallMs?: number
  /** Whether the browser's own HTTP cache may keep answers. */
  cache?: RequestCache
  /** Turns a refusal (status 4xx) into an error in the host's own terms; `undefined` leaves it to the general one. */
  explain?: (response: Response, url: string) => BeagleError | undefined
}

/** A response whose body is watched: a stall ends it with an error. */
export interface WatchedResponse {
  response: Response
  pieces(): AsyncGenerator<Uint8Array, void, void>
  /** Ends the transfer. */
  cancel(): Promise<void>
}

const MAX_RETRY_AFTER_MS = 60_000

function retryAfter(response: Response): number | undefined {
  const seconds = Number(response.headers.get('retry-after') ?? Number.NaN)
  return Number.isFinite(seconds) ? Math.min(seconds * 1000, MAX_RETRY_AFTER_MS) : undefined
}

/** Throws for every status that is no answer: transient for 408, 429 and 5xx, else a BeagleError. 404, 410 and 416 are answers. */
function checkStatus(response: Response, url: string, options: HttpOptions): void {
  const { status } = response
  if (response.ok) return
  if (status === 408 || status === 429 || status >= 500) {
    throw new TransientError(`the server answered ${status} ${response.statusText}`.trim(), retryAfter(response))
  }
  const explained = options.explain?.(response, url)
  if (explained) throw explained
  if (status === 401 || status === 403) {
    throw new BeagleError(
      'unauthorized',
      `${url} answered ${status}: it needs permission. Give an access token, or choose another model.`,
    )
  }
  if (status !== 404 && status !== 410 && status !== 416) {
    throw new BeagleError('network', `${url} answered ${status} ${response.statusText}. Check the address.`)
  }
}

/** One GET, optionally of the bytes [start, end). */
export async function get(
  url: string,
  options: HttpOptions,
  headers: Record<string, string>,
  signal?: AbortSignal,
): Promise<WatchedResponse> {
  const stall = new AbortController()
  const stallMs = options.stallMs ?? 30_000
  let timer: ReturnType<typeof setTimeout> | undefined
  const watch = () => {
    clearTimeout(timer)
    timer = setTimeout(() => stall.abort(new TransientError(`no data came for ${stallMs / 1000} s`)), stallMs)
  }
  watch()
  const signals = signal ? AbortSignal.any([signal, stall.signal]) : stall.signal
  try {
    const response = await (options.fetch ?? fetch)(url, { headers, signal: signals, cache: options.cache })
    const cancel = async () => {
      clearTimeout(timer)
      await response.body?.cancel().catch(() => {})
    }
    try {
      checkStatus(response, url, options)
    } catch (error) {
      await cancel()
      throw error
    }
    async function* pieces(): AsyncGenerator<Uint8Array, void, void> {
      const reader = response.body?.getReader()
      try {
        while (reader) {
          watch()
          const { done, value } = await reader.read()
          if (done) break
          yield value
        }
      } finally {
        clearTimeout(timer)
        await reader?.cancel().catch(() => {})
      }
    }
    clearTimeout(timer)
    return { response, pieces, cancel }
  } catch (error) {
    clearTimeout(timer)
    throw error
  }
}
