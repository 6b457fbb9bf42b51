import { sha256 } from '@noble/hashes/sha2.js'

/** Blocks that came early are held so far ahead: reading in order with one block fetched ahead needs one. */
const HELD_BLOCKS = 2

/** SHA-256 of a file as its blocks pass by in order; what was far out of order is caught up at the end. */
export class RunningHash {
  private readonly hash = sha256.create()
  private readonly early = new Map<number, Uint8Array>()
  /** The block that is wanted next; all before it are in the sum. */
  next = 0

  offer(index: number, block: Uint8Array): void {
    if (index > this.next && index <= this.next + HELD_BLOCKS) this.early.set(index, block)
    if (index !== this.next) return
    for (let ready: Uint8Array | undefined = block; ready; ready = this.early.get(this.next)) {
      this.hash.update(ready)
      this.early.delete(this.next++)
    }
  }

  /** Lower case; may be called once. */
  hex(): string {
    return Array.from(this.hash.digest(), (byte) => byte.toString(16).padStart(2, '0')).join('')
  }
}
