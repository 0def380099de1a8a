import type { Segment } from './segment.ts'

/** The block directories in memory: bounded, those that were used last, and all that are in use. */
export class LoadedSegments {
  /** Those used last come last. */
  readonly #segments = new Set<Segment>()
  readonly #maxBytes: number
  #sizeBytes = 0
  #isShrinking = false

  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes
  }

  /** Notes that a loaded segment is used. */
  touch(segment: Segment): void {
    if (!this.#segments.delete(segment)) this.#sizeBytes += segment.loadedBytes
    this.#segments.add(segment)
    if (this.#sizeBytes > this.#maxBytes) this.#shrinkSoon()
  }

  /** Notes that a segment is gone. */
  forget(segment: Segment): void {
    if (this.#segments.delete(segment)) this.#sizeBytes -= segment.loadedBytes
  }

  /** Not at once: whoever has just had a directory loaded takes hold of it before anything else happens. */
  #shrinkSoon(): void {
    if (this.#isShrinking) return
    this.#isShrinking = true
    setImmediate(() => {
      this.#isShrinking = false
      for (const segment of this.#segments) {
        if (this.#sizeBytes <= this.#maxBytes) return
        if (segment.pins > 0) continue
        segment.unload()
        this.forget(segment)
      }
    })
  }
}
