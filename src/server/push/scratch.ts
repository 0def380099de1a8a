/** Memory that requests borrow, so that a steady stream of pushes makes no garbage outside the heap. */
export interface Scratch {
  /** At least `size` bytes with undefined content; give it back with {@link release}. */
  borrow(size: number): Buffer
  /** Gives memory back. Nobody may look at it any more. */
  release(buffer: Buffer): void
}

const SMALLEST = 64 * 1024
/** Larger buffers are made for the one request that needs them. */
const LARGEST = 16 * 2 ** 20
/** Idle memory that is kept in all. */
const KEPT_BYTES = 24 * 2 ** 20

/** A pool of buffers in sizes of powers of two. */
export function makeScratch(): Scratch {
  const idle = new Map<number, Buffer[]>()
  let keptBytes = 0
  return {
    borrow(size) {
      if (size > LARGEST) return Buffer.allocUnsafeSlow(size)
      const capacity = 2 ** Math.ceil(Math.log2(Math.max(size, SMALLEST)))
      const found = idle.get(capacity)?.pop()
      if (found === undefined) return Buffer.allocUnsafeSlow(capacity)
      keptBytes -= capacity
      return found
    },
    release(buffer) {
      const capacity = buffer.length
      if (capacity > LARGEST || keptBytes + capacity > KEPT_BYTES) return
      keptBytes += capacity
      const list = idle.get(capacity)
      if (list === undefined) idle.set(capacity, [buffer])
      else list.push(buffer)
    },
  }
}
