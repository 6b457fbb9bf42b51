/** What went wrong, for programs: stable across releases, unlike the message. */
export type ErrorCode =
  | 'no-webgpu'
  | 'no-adapter'
  | 'device-lost'
  | 'out-of-memory'
  | 'gpu-validation'
  | 'wrong-result'
  | 'bad-argument'
  | 'bad-image'
  | 'bad-file'
  | 'bad-checkpoint'
  | 'checkpoint-mismatch'
  | 'unknown-architecture'
  | 'not-found'
  | 'network'
  | 'unauthorized'
  | 'context-full'
  | 'busy'
  | 'disposed'
  | 'aborted'

/**
 * Every error that Beagle throws on purpose. The message is one plain sentence or two: what was expected, what was found,
 * and what to do next; it can be shown to a user as it stands.
 */
export class BeagleError extends Error {
  override readonly name: string = 'BeagleError'
  constructor(
    readonly code: ErrorCode,
    message: string,
    options?: ErrorOptions,
  ) {
    super(message, options)
  }
}

/** Throws the `aborted` error when `signal` has been aborted. */
export function throwIfAborted(signal: AbortSignal | undefined): void {
  if (signal?.aborted) throw new BeagleError('aborted', 'Stopped on request.', { cause: signal.reason })
}
