import { totalmem } from 'node:os'
import { printIecSize } from '#base/size.ts'
import { PushError } from './push-error.ts'

/**
 * Memory that requests borrow, so that a steady stream of pushes makes no garbage outside the heap, and its
 * bound: what pushes hold from their first byte until they are stored.
 */
export interface Scratch {
  /**
   * At least `size` bytes with undefined content; give it back with {@link release}.
   * @throws PushError 503 when pushes hold too much already, 413 when this alone is too much
   */
  borrow(size: number): Buffer
  /**
   * Counts memory that a push has from elsewhere; give it back with {@link letGo}.
   * @throws PushError as {@link borrow}
   */
  hold(size: number): void
  letGo(size: number): void
  /** Gives memory back. Nobody may look at it any more. */
  release(buffer: Buffer): void
}

const SMALLEST = 64 * 1024
/** Larger buffers are made for the one request that needs them. */
const LARGEST = 16 * 2 ** 20
/** Idle memory that is kept in all. */
const KEPT_BYTES = 24 * 2 ** 20

/** A pool of buffers in sizes of powers of two. `limitBytes` is how much may be out at a time. */
export function makeScratch(limitBytes: number): Scratch {
  const idle = new Map<number, Buffer[]>()
  let keptBytes = 0
  let heldBytes = 0
  const hold = (size: number): void => {
    if (heldBytes + size > limitBytes) throw refusal(size, heldBytes, limitBytes)
    heldBytes += size
  }
  const letGo = (size: number): void => {
    heldBytes -= size
  }
  return {
    hold,
    letGo,
    borrow(size) {
      const capacity = size > LARGEST ? size : 2 ** Math.ceil(Math.log2(Math.max(size, SMALLEST)))
      hold(capacity)
      if (size > LARGEST) return Buffer.allocUnsafeSlow(size)
      const found = idle.get(capacity)?.pop()
      if (found === undefined) return Buffer.allocUnsafeSlow(capacity)
      keptBytes -= capacity
      return found
    },
    release(buffer) {
      const capacity = buffer.length
      letGo(capacity)
      if (capacity > LARGEST || keptBytes + capacity > KEPT_BYTES) return
      keptBytes += capacity
      const list = idle.get(capacity)
      if (list === undefined) idle.set(capacity, [buffer])
      else list.push(buffer)
    },
  }
}

const LEAST_LIMIT = 128 * 2 ** 20
const MOST_LIMIT = 2 * 2 ** 30

/** How much pushes may hold where `distributor.max_inflight_bytes` does not say: a quarter of the memory. */
export function defaultInflightBytes(): number {
  const memory = process.constrainedMemory() || totalmem()
  return Math.round(Math.min(MOST_LIMIT, Math.max(LEAST_LIMIT, memory / 4)))
}

function refusal(size: number, held: number, limit: number): PushError {
  const advice = 'raise `distributor.max_inflight_bytes`'
  if (size > limit) {
    const sizes = `${printIecSize(size)} are needed, limit: ${printIecSize(limit)}`
    return new PushError(413, `request body too large: ${sizes}; send smaller batches or ${advice}`)
  }
  const sizes = `${printIecSize(held)} of ${printIecSize(limit)}`
  return new PushError(503, `pushes hold ${sizes} of memory already; try again later, or ${advice}`)
}
