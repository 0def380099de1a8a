/**
 * Hands out buffers and takes them back, so that a steady flow of batches leaves no garbage outside of the
 * heap.
 */
export interface BufferPool {
  /** A buffer of at least `sizeBytes`; its content is whatever it held before. */
  take(sizeBytes: number): Buffer
  /** Gives a buffer back. Nobody may use it any more. */
  give(buffer: Buffer): void
}

const SMALLEST_BYTES = 4096

/** A pool of buffers whose sizes are powers of two, keeping at most `maxBytes` of unused ones. */
export function makeBufferPool(maxBytes: number): BufferPool {
  const free = new Map<number, Buffer[]>()
  let freeBytes = 0
  return {
    take(sizeBytes) {
      const size = Math.max(SMALLEST_BYTES, 2 ** Math.ceil(Math.log2(Math.max(1, sizeBytes))))
      const reused = free.get(size)?.pop()
      if (reused === undefined) return Buffer.allocUnsafeSlow(size)
      freeBytes -= size
      return reused
    },
    give(buffer) {
      const size = buffer.length
      if (freeBytes + size > maxBytes || (size & (size - 1)) !== 0 || size < SMALLEST_BYTES) return
      const same = free.get(size)
      if (same === undefined) free.set(size, [buffer])
      else same.push(buffer)
      freeBytes += size
    },
  }
}
