import { type ReadonlySignal, signal } from '@preact/signals'
import type { Exchange } from '../../teachApi.ts'

/** An image and what should be said about it. */
export interface TaughtExample {
  id: string
  blob: Blob
  name: string
  turns: Exchange[]
  /** The group it belongs to. */
  kind?: string
}

const taught = signal<TaughtExample[]>([])

export const examples: ReadonlySignal<TaughtExample[]> = taught
